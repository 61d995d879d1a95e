#include <algorithm>
#include <deque>
#include <limits>

#include "replication/types/json_text.hpp"
#include "storage/log_backwards.hpp"

/// What a field was before its values parted. The log is an order in which everything comes after
/// what its author held, so one reading from its end on finds both: how far each author held every
/// log, which their contexts say step by step, and the edits that may have been before.
namespace lanyard::storage {
namespace {

using oplog::Op;
using oplog::OpKind;

/// One of the values, and what its author held.
struct Side {
  Dot edit;
  VectorClock held;
  std::vector<Dot> unseen;
  bool is_begun = false;
  bool is_whole = false;  ///< a context further back has said everything

  /// `logs`: how many the space has. With so many every whole clock was said as one.
  void take(const oplog::Header& header, std::size_t logs) {
    for (const oplog::ContextEntry& entry : header.context)
      held[entry.log] = std::max(held[entry.log], entry.head);
    is_whole = oplog::has_whole_context(header.seq, logs);
  }
  [[nodiscard]] bool has(const Dot& dot) const {
    if (std::find(unseen.begin(), unseen.end(), dot) != unseen.end()) return false;
    return dot.log == edit.log ? dot.seq < edit.seq : seq_in(held, dot.log) >= dot.seq;
  }
};

/// An edit of the field that may be the one; no value: it took the field away, or made something
/// else of it.
struct Candidate {
  Dot dot;
  std::optional<ConflictBase> base;
};

class BaseFinder {
 public:
  BaseFinder(Database& database, const BaseQuestion& question)
      : database_(database), question_(question) {
    for (const Dot& edit : question.edits) sides_.push_back({edit, {}, {}, false, false});
  }

  /// Whether to go on.
  Result<bool> take(const oplog::Change& change) {
    const oplog::Header& header = change.header;
    bool all_begun = true;
    for (Side& side : sides_) {
      if (change.dot() == side.edit) {
        side.is_begun = true;
        side.unseen = unseen_in(change);
        side.take(header, logs_.size());
      } else if (side.is_begun && !side.is_whole && header.log == side.edit.log) {
        side.take(header, logs_.size());
      }
      all_begun = all_begun && side.is_begun;
    }
    if (all_begun) LANYARD_TRY(add_candidate(change));
    return !settle();
  }
  Status begin() {
    LANYARD_TRY_SET(logs_, numbered_logs(database_));
    return {};
  }
  [[nodiscard]] std::optional<ConflictBase> found() const { return found_; }

 private:
  [[nodiscard]] std::vector<Dot> unseen_in(const oplog::Change& change) const {
    std::vector<Dot> out;
    oplog::OpReader in(change.payload);
    Op op;
    while (in.next(op))
      if (is_about(op, question_.collection, question_.key))
        out.insert(out.end(), op.unseen.begin(), op.unseen.end());
    return out;
  }

  Status add_candidate(const oplog::Change& change) {
    if (change.header.kind != oplog::ChangeKind::kSealed ||
        change.form != oplog::PayloadForm::kPlain)
      return {};
    const NumberedLog& log = logs_[change.header.log];
    std::optional<Candidate> last;
    oplog::OpReader in(change.payload);
    Op op;
    while (in.next(op)) {
      if (!is_about(op, question_.collection, question_.key)) continue;
      const auto named = [&](const auto& each) { return each.name == question_.field; };
      const auto field = std::find_if(op.fields.begin(), op.fields.end(), named);
      if (field != op.fields.end()) {
        LANYARD_TRY_SET(const Bytes value, value_of(database_, *field, log.number));
        last = Candidate{change.dot(),
                         ConflictBase{to_json(value), log.device,
                                      static_cast<std::int64_t>(change.header.timestamp.ms())}};
      } else if (takes_away(op)) {
        last = Candidate{change.dot(), std::nullopt};
      }
    }
    if (!last || in.effect() != oplog::Effect::kEffective) return {};
    LANYARD_TRY_SET(const bool counts, has_effect(database_, log.number, change.header.seq));
    if (counts) candidates_.push_back(std::move(*last));
    return {};
  }

  [[nodiscard]] bool takes_away(const Op& op) const {
    const auto& names = op.names;
    switch (op.kind) {
      case OpKind::kPatch: return false;
      case OpKind::kUnset:
        return std::find(names.begin(), names.end(), question_.field) != names.end();
      case OpKind::kAdd:
      case OpKind::kSetAdd:
      case OpKind::kSetRemove: return op.field == question_.field;
      default: return true;
    }
  }

  /// The newest candidate that all sides had is the one; one that some side surely had not is none.
  bool settle() {
    while (!candidates_.empty()) {
      const Dot& dot = candidates_.front().dot;
      const auto has = [&](const Side& side) { return side.has(dot); };
      if (std::all_of(sides_.begin(), sides_.end(), has)) {
        found_ = candidates_.front().base;
        return true;
      }
      const auto surely_not = [&](const Side& side) { return side.is_whole && !side.has(dot); };
      if (std::none_of(sides_.begin(), sides_.end(), surely_not)) return false;
      candidates_.pop_front();
    }
    return false;
  }

  Database& database_;
  const BaseQuestion& question_;
  std::map<LogId, NumberedLog> logs_;
  std::vector<Side> sides_;
  std::deque<Candidate> candidates_;  ///< newest first
  std::optional<ConflictBase> found_;
};

}  // namespace

Result<std::optional<ConflictBase>> read_base(const std::filesystem::path& file,
                                              const BaseQuestion& question,
                                              const Patience& patience) {
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  LANYARD_TRY(database.begin_snapshot());
  BaseFinder finder(database, question);
  LANYARD_TRY(finder.begin());
  const Waiting waiting(patience);
  bool is_late = false;
  const auto look_at_time = [&] { return is_late = waiting.is_over(); };
  LANYARD_TRY(read_backwards(
      database, std::numeric_limits<std::int64_t>::max(),
      [&](const oplog::Change& change) { return finder.take(change); }, look_at_time));
  if (is_late) return fail(Code::kInterrupted, "the log is too long to look for it now");
  return finder.found();
}

}  // namespace lanyard::storage
