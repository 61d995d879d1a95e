#pragma once

#include <compare>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "replication/merge/apply.hpp"
#include "replication/merge/record.hpp"

/// A store in memory around the pure merge, for tests and the simulator: what lanyard::storage does
/// with SQLite, in maps.
namespace lanyard::testing {

struct RecordName {
  std::string collection;
  std::string key;
  friend auto operator<=>(const RecordName&, const RecordName&) = default;
};

/// Whether an op is one of that record, or a clear that reaches it.
[[nodiscard]] bool concerns(const oplog::Op& op, const RecordName& name);

/// Canonical msgpack of a JSON text, which must be good.
[[nodiscard]] Bytes value(std::string_view json);

/// An op that owns its text and whose dots are local; oplog::Op only points to both.
struct MergeOp {
  oplog::OpKind kind{};
  bool whole_space = false;
  RecordName name;
  std::map<std::string, Bytes> fields;
  std::set<std::string> names;
  std::string field;
  std::int64_t amount = 0;
  Bytes element;
  merge::DotSet unseen;
  merge::DotSet revives;

  /// The op as the merge takes it; its views live as long as this. Its dots are left out.
  [[nodiscard]] oplog::Op view() const;
  [[nodiscard]] bool is_edit() const { return !is_delete(); }
  [[nodiscard]] bool is_delete() const {
    return kind == oplog::OpKind::kDelete || kind == oplog::OpKind::kClear;
  }
  [[nodiscard]] bool concerns(const RecordName& record) const;
};

struct MergeChange {
  merge::LocalDot dot;
  Hlc timestamp;
  merge::Context context;  ///< whole; its own log up to seq - 1 included
  Hash hash;
  bool effective = true;  ///< false: quarantined, or with an op of an unknown kind
  std::vector<MergeOp> ops;
};

using ChangePtr = std::shared_ptr<const MergeChange>;
using Changes = std::vector<ChangePtr>;

/// One line for a failure's report: "B2 after A1: patch c/r a=1 unseen A1".
[[nodiscard]] std::string describe(const MergeChange& change);
[[nodiscard]] std::string describe(const Changes& changes);

/// Numbers for logs, in the order in which they are first met, as a store gives them. A log's name
/// is any text: a letter of a test vector, the bytes of a log id.
class LogNumbers {
 public:
  [[nodiscard]] merge::LogNumber number_of(std::string_view log);
  [[nodiscard]] const std::string& name_of(merge::LogNumber number) const {
    return names_.at(number);
  }

 private:
  std::map<std::string, merge::LogNumber, std::less<>> numbers_;
  std::vector<std::string> names_;
};

/// One op in its place, as a store merges it.
struct PlacedOp {
  merge::Event event;
  oplog::Op op;
};

/// A delete that was reported as void, for one record.
struct VoidDelete {
  merge::LocalDot dot;
  RecordName name;
  friend auto operator<=>(const VoidDelete&, const VoidDelete&) = default;
};

class MergeStore {
 public:
  using Records = std::map<RecordName, merge::Record>;

  /// Whether everything in the change's context is held.
  [[nodiscard]] bool is_ready(const MergeChange& change) const;
  /// Applies changes that are in causal order, record by record in the order of keys; a change that
  /// is held already does nothing. Returns how many were new.
  std::size_t apply(std::span<const ChangePtr> batch);
  std::size_t apply(const ChangePtr& change) { return apply(std::span(&change, 1)); }

  /// Takes a change into the clock without looking at its ops.
  void count(const merge::LocalDot& dot) { clock_.raise(dot.log, dot.seq); }
  /// The same as apply() for ops that the caller has placed, counted and found effective.
  void merge(std::span<const PlacedOp> ops);
  void merge(const RecordName& name, const PlacedOp& placed);
  /// Needed where siblings with equal timestamps meet.
  void remember(const merge::LocalDot& dot, const Hash& hash) { hashes_[dot] = hash; }

  /// Every record that was ever edited.
  [[nodiscard]] const Records& records() const { return records_; }
  /// An empty record if it was never edited.
  [[nodiscard]] const merge::Record& record(const RecordName& name) const;
  [[nodiscard]] const merge::Context& clock() const { return clock_; }
  /// Reports of void deletes: events, not state.
  [[nodiscard]] const std::set<VoidDelete>& voids() const { return voids_; }
  [[nodiscard]] Hash hash_of(const merge::LocalDot& dot) const { return hashes_.at(dot); }

 private:
  merge::Context clock_;
  Records records_;
  std::map<merge::LocalDot, Hash> hashes_;
  std::set<VoidDelete> voids_;
};

}  // namespace lanyard::testing
