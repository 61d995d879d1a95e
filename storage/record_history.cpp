#include <charconv>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "storage/log_backwards.hpp"

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
      : database_(database), question_(question), waiting_(patience) {}

  Result<HistoryPage> read(std::uint64_t before) {
    LANYARD_TRY_SET(logs_, numbered_logs(database_));
    LANYARD_TRY_SET(const auto rest, read_backwards(
                                         database_, before,
                                         [this](const oplog::Change& change) -> Result<bool> {
                                           LANYARD_TRY(take(change));
                                           return !is_full();
                                         },
                                         [this] { return waiting_.is_over(); }));
    if (rest.value_or(0) > 0) page_.cursor = std::to_string(*rest);
    return std::move(page_);
  }

 private:
  [[nodiscard]] bool is_full() const {
    return page_.entries.size() >= question_.limit || bytes_ > limits::kPageBytes;
  }
  Status take(const oplog::Change& change) {
    if (change.header.kind != oplog::ChangeKind::kSealed ||
        change.form != oplog::PayloadForm::kPlain)
      return {};
    std::vector<HistoryOp> ops;
    oplog::OpReader in(change.payload);
    Op op;
    const NumberedLog& log = logs_[change.header.log];
    while (in.next(op)) {
      if (!is_about(op, question_.collection, question_.key)) continue;
      LANYARD_TRY_SET(std::string json, json_of(op, log.number));
      bytes_ += json.size();
      ops.push_back({op.kind, std::move(json)});
    }
    if (ops.empty() || in.effect() != oplog::Effect::kEffective) return {};
    LANYARD_TRY_SET(const bool counts, has_effect(database_, log.number, change.header.seq));
    if (!counts) return {};
    page_.entries.push_back({change.dot(), log.device,
                             static_cast<std::int64_t>(change.header.timestamp.ms()),
                             std::move(ops)});
    return {};
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
      LANYARD_TRY_SET(const Bytes value, value_of(database_, field, log));
      append_json(value, out);
    }
    return out + "}";
  }

  Database& database_;
  const HistoryQuestion& question_;
  Waiting waiting_;
  std::map<LogId, NumberedLog> logs_;
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
