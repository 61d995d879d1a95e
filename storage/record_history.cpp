#include <charconv>
#include <map>

#include "replication/oplog/pack.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "storage/long_reading.hpp"

/// What the log says of one record, from its end on.
namespace lanyard::storage {
namespace {

using oplog::Op;
using oplog::OpKind;

Result<std::uint64_t> position_from_text(std::string_view cursor) {
  std::uint64_t position = std::numeric_limits<std::int64_t>::max();
  if (cursor.empty()) return position;
  const char* const end = cursor.data() + cursor.size();
  const auto read = std::from_chars(cursor.data(), end, position);
  if (read.ec != std::errc() || read.ptr != end || position > std::uint64_t{1} << 62U)
    return fail(Code::kUsage, "the cursor is not one of a page");
  return position;
}

class HistoryReader {
 public:
  HistoryReader(Database& database, const HistoryQuestion& question, const Patience& patience)
      : database_(database),
        question_(question),
        patience_(patience),
        began_(std::chrono::steady_clock::now()) {}

  Result<HistoryPage> read(std::uint64_t before) {
    LANYARD_TRY(read_logs());
    Query rows(database_,
               "SELECT position, body FROM lanyard_log WHERE position < ? ORDER BY position DESC");
    rows.bind(before);
    while (true) {
      LANYARD_TRY_SET(const bool more, rows.next());
      if (!more) return std::move(page_);
      LANYARD_TRY_SET(const oplog::Pack pack, oplog::read_proven_pack(rows.blob(1)));
      const std::uint64_t first = rows.natural(0);
      for (std::size_t at = pack.changes.size(); at-- > 0;) {
        if (first + at >= before) continue;
        LANYARD_TRY(take(pack.changes[at]));
        if (is_full()) return end_at(first + at);
      }
      if (is_late()) return end_at(first);
    }
  }

 private:
  struct Log {
    std::uint32_t number = 0;
    DeviceId device;
  };

  Status read_logs() {
    Query query(database_, "SELECT number, log, device FROM lanyard_logs");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      logs_[query.fixed<LogId>(1)] = {static_cast<std::uint32_t>(query.natural(0)),
                                      query.fixed<DeviceId>(2)};
    }
  }

  HistoryPage end_at(std::uint64_t position) {
    if (position > 0) page_.cursor = std::to_string(position);
    return std::move(page_);
  }

  [[nodiscard]] bool is_full() const {
    return page_.entries.size() >= question_.limit || bytes_ > limits::kPageBytes;
  }
  [[nodiscard]] bool is_late() const {
    return patience_.is_given_up || std::chrono::steady_clock::now() - began_ > patience_.most;
  }

  [[nodiscard]] bool is_about(const Op& op) const {
    if (op.kind == OpKind::kChunk) return false;
    if (op.kind == OpKind::kClear && op.whole_space) return true;
    return op.collection == question_.collection &&
           (op.kind == OpKind::kClear || op.key == question_.key);
  }

  Status take(const oplog::Change& change) {
    if (change.header.kind != oplog::ChangeKind::kSealed ||
        change.form != oplog::PayloadForm::kPlain)
      return {};
    std::vector<HistoryOp> ops;
    oplog::OpReader in(change.payload);
    Op op;
    const Log& log = logs_[change.header.log];
    while (in.next(op)) {
      if (!is_about(op)) continue;
      LANYARD_TRY_SET(std::string json, json_of(op, log.number));
      bytes_ += json.size();
      ops.push_back({op.kind, std::move(json)});
    }
    if (ops.empty() || in.effect() != oplog::Effect::kEffective) return {};
    LANYARD_TRY_SET(const bool counts, has_effect(log.number, change.header.seq));
    if (!counts) return {};
    page_.entries.push_back({change.dot(), log.device,
                             static_cast<std::int64_t>(change.header.timestamp.ms()),
                             std::move(ops)});
    return {};
  }

  Result<bool> has_effect(std::uint32_t log, Seq seq) {
    Query query(database_, "SELECT 1 FROM lanyard_ineffective WHERE log = ? AND seq = ?");
    LANYARD_TRY_SET(const bool found, query.bind(log).bind(seq.value).next());
    return !found;
  }

  Result<std::string> json_of(const Op& op, std::uint32_t log) {
    Bytes out;
    CanonicalWriter writer(out);
    switch (op.kind) {
      case OpKind::kPut:
      case OpKind::kPatch: return fields_json(op, log);
      case OpKind::kUnset:
        writer.array(op.names.size());
        for (const std::string_view name : op.names) writer.text(name);
        break;
      case OpKind::kAdd:
        writer.map(1);
        writer.text(op.field);
        writer.integer(op.amount);
        break;
      case OpKind::kSetAdd:
      case OpKind::kSetRemove:
        writer.map(1);
        writer.text(op.field);
        writer.array(1);
        writer.raw(op.element);
        break;
      default: return std::string("null");
    }
    return to_json(out);
  }

  Result<std::string> fields_json(const Op& op, std::uint32_t log) {
    std::string out = "{";
    for (const oplog::FieldValue& field : op.fields) {
      if (out.size() > 1) out += ',';
      append_json_string(field.name, out);
      out += ':';
      if (!field.chunked) {
        append_json(field.value, out);
        continue;
      }
      LANYARD_TRY_SET(const Bytes value, joined(Hash::from(field.value).value_or(Hash{}), log));
      append_json(value, out);
    }
    return out + "}";
  }

  Result<Bytes> joined(const Hash& hash, std::uint32_t log) {
    Query parts(database_,
                "SELECT bytes FROM lanyard_chunks WHERE log = ? AND hash = ? ORDER BY part");
    parts.bind(log).bind(hash.view());
    Bytes out;
    while (true) {
      LANYARD_TRY_SET(const bool more, parts.next());
      if (!more) break;
      append(out, parts.blob(0));
    }
    // Of a change that is not effective, which is passed over.
    if (out.empty()) CanonicalWriter(out).nil();
    return out;
  }

  Database& database_;
  const HistoryQuestion& question_;
  const Patience& patience_;
  std::chrono::steady_clock::time_point began_;
  std::map<LogId, Log> logs_;
  HistoryPage page_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<HistoryPage> read_history(const std::filesystem::path& file, const HistoryQuestion& question,
                                 const Patience& patience) {
  LANYARD_TRY_SET(const std::uint64_t before, position_from_text(question.cursor));
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  LANYARD_TRY(database.begin_snapshot());
  return HistoryReader(database, question, patience).read(before);
}

}  // namespace lanyard::storage
