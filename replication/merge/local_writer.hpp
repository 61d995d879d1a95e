#pragma once

#include <functional>

#include "replication/merge/merger.hpp"
#include "replication/merge/version.hpp"
#include "replication/oplog/author.hpp"
#include "replication/types/named_values.hpp"

namespace lanyard::merge {

/// A condition on the record as it is just before the change (RFC 9110, 13.1.1 and 13.1.2). It is
/// at a version if a read would show nothing that the version does not name, and all that it names
/// is held here: the version of a read, or of the client's own last write. "0": there is no record
/// to show. A text that no read returned is the version of nothing.
struct Precondition {
  bool is_any = false;  ///< there is a record to show, whatever its version
  std::vector<std::string> versions;
  bool none_of = false;  ///< it must not be so
  friend bool operator==(const Precondition&, const Precondition&) = default;
};

/// One edit as a client asks for it. Members mean what they mean in oplog::Op; texts and values are
/// owned.
struct LocalOp {
  oplog::OpKind kind = oplog::OpKind::kPut;
  bool whole_space = false;  ///< clear
  std::string collection;
  std::string key;
  NamedValues fields;              ///< put, patch: canonical values; any order
  std::vector<std::string> names;  ///< unset; any order
  std::string field;               ///< add, set-add, set-remove
  std::int64_t amount = 0;
  Bytes element;
  /// What the client had read, as a read returned it. Nothing: as if it had read just now.
  std::optional<std::string> based_on;
  /// The op, and so its change, is refused unless the record meets all of them. Not for a clear,
  /// which is of no one record.
  std::vector<Precondition> conditions;
  /// Of a patch: an object is merged into the object that its field shows, as RFC 7396 says, and so
  /// are the objects inside it. Where the field shows none, it is written without its nulls. A
  /// field that this change wrote before shows what it wrote. What is merged is written also if it
  /// equals what is shown, and replaces the siblings that any patch would. (A null for a whole
  /// field is a value here, as in every patch: unset takes a field away.)
  bool deep = false;
  /// Of a put, patch or unset: a field that shows a counter or a set goes on being one, see
  /// by_kind(). Else what is written is a value, which stands beside it in conflict.
  bool keeps_kinds = false;
  bool restore = false;  ///< an empty patch that brings the record back from the trash
};

using MutationId = FixedBytes<struct MutationIdTag, 16>;
using MutationContent = FixedBytes<struct MutationContentTag, 16>;

/// By what a change is known again when its client, which had no answer, sends it again.
struct Mutation {
  MutationId id;            ///< a hash of who wrote and of the client's own name for the change
  MutationContent content;  ///< a hash of the ops
  friend bool operator==(const Mutation&, const Mutation&) = default;
};

/// One transaction of a client: all or nothing, one change.
/// A conflict that an op resolves.
struct Settled {
  std::string conflict;  ///< its id; empty: it cannot be undone
  std::string collection;
  std::string key;
  std::string field;
  std::string siblings;  ///< JSON array of the values that were visible, the shown one first
};

struct LocalChange {
  std::vector<LocalOp> ops;
  bool wants_versions = true;
  // What the store, not the LocalWriter, sees to.
  /// One mutation is written once.
  std::optional<Mutation> mutation = {};
  /// What its ops resolve, one for one and in their order; empty: nothing.
  std::vector<Settled> settled = {};
  /// Whoever wrote wants to know what the record of the last op shows after it.
  bool wants_shown = false;
  /// The number of a resolution that is undone with it.
  std::optional<std::int64_t> undoes = {};
  /// Of what was written before, in another space: what its record has no room to show waits.
  bool is_carried = false;
};

struct Written {
  Dot dot;
  /// Per op: the client's version after it; if wanted, and not of what was repeated.
  std::vector<std::string> versions;
  /// The change was written before, as `dot`; nothing was written now.
  bool repeated = false;
  /// JSON of the record, if wanted: as it is right after the change, with what others wrote before.
  /// Empty if no record is shown.
  std::string shown = {};
  /// With `shown`: names of its fields that have more than one visible value.
  std::vector<std::string> conflicts = {};
};

/// Turns what local clients ask for into changes of our own: says what their clients had not seen
/// (docs/MERGING.md, D30 to D34), has the change numbered, and merges it as any other, so
/// that the next one of the same run finds it in the tables. One per run of an Author, between its
/// begin() and finish().
class LocalWriter {
 public:
  /// Makes room in the author's run: finishes and stores what is there, and begins the next.
  using EndRun = std::function<Status()>;
  /// Has one change of ours taken by the merger, with whatever else the store keeps of it.
  using Take = std::function<Result<oplog::Effect>(const oplog::Change&)>;
  /// References outlive this. `hash_of`: of any dot that is held, as for showing records.
  LocalWriter(Merger& merger, RecordTable& table, oplog::Author& author, const Hasher& hasher,
              HashOf hash_of, Take take, EndRun end_run);

  /// kUsage, kTooLarge, kNotFound (nothing to delete or restore) and kConflict (a delete of what
  /// the client has not seen, a condition that is not met) leave everything as it was. Any
  /// other error is one of the tables: the run is to be given up. A value that is too large for one
  /// op is cut into chunks, in changes of their own.
  [[nodiscard]] Result<Written> write(const LocalChange& change);
  /// An open change of our own. Errors are the author's or those of the tables.
  [[nodiscard]] Result<Dot> write_open(const std::vector<oplog::OpenOp>& ops);
  /// The changes that were added to the author itself, such as the opening of its log, get merged.
  [[nodiscard]] Status merge_added();
  /// True if an error was one of the tables, after which nothing of the run can be kept.
  [[nodiscard]] static bool is_fatal(const Error& error);

 private:
  struct Draft;
  struct Working;
  [[nodiscard]] LocalDot own_dot() const;
  [[nodiscard]] Status add_op(Draft& draft, const LocalOp& wish);
  [[nodiscard]] Status see(Draft& draft, oplog::Op& op, const LocalOp& wish);
  [[nodiscard]] Result<Working*> working(Draft& draft, const oplog::Op& op);
  [[nodiscard]] Status check_conditions(const oplog::Op& op, const LocalOp& wish);
  [[nodiscard]] Result<bool> add_by_kind(Draft& draft, const oplog::Op& op, const LocalOp& wish);
  [[nodiscard]] Status merge_deep(Draft& draft, oplog::Op& op, const Record& record) const;
  [[nodiscard]] Status cut_large_values(Draft& draft, oplog::Op& op);
  [[nodiscard]] Status write_chunks(ByteView value, const Hash& hash);
  [[nodiscard]] Status make_room();
  [[nodiscard]] Status say_news();

  Merger& merger_;
  RecordTable& table_;
  oplog::Author& author_;
  const Hasher& hasher_;
  HashOf hash_of_;
  Take take_;
  EndRun end_run_;
  std::size_t merged_ = 0;  // of the author's changes
  oplog::OwnOp own_op_;     // the op that is being added
};

}  // namespace lanyard::merge
