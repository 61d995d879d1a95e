#pragma once

#include <deque>

#include "replication/oplog/pack.hpp"
#include "replication/oplog/space_log.hpp"

namespace lanyard::oplog {

/// What an author goes on from, besides the space's log.
struct AuthorState {
  std::optional<LogId> log;  ///< nothing: the first change of a new incarnation is still to come
  Incarnation incarnation;
  Head head;  ///< of our own log
  Hlc last;   ///< our last timestamp
  Hlc largest_sane_seen;
  VectorClock cited;  ///< the clock as our last change's context had it, own log left out
  std::optional<ContextEntry> previous;  ///< head of the incarnation before, for the opening
  EpochId epoch;  ///< the newest epoch of the causal past; zeros: none is held
};

/// Numbers, stamps, chains and signs our own changes of one space: everything that is waiting
/// becomes one run, just before the commit that makes it durable. Lives on the storage thread.
/// Pure: asks for time and keys, never takes them.
///
///   begin(clock, wall); while owes_news(), add_news(); add(...) for each waiting edit; finish() ->
///   the pack to store and send; then commit() or abort(). Where is_full(), the next begins.
class Author {
 public:
  Author(SpaceId space, const Signer& signer, const Hasher& hasher, const Cipher& cipher,
         AuthorState state);

  /// `clock`: what is applied here now, own log left out or not. `first`: logs of it that the
  /// opening of our log names before all others, since it must name what admitted us; needed only
  /// if the log is not open.
  void begin(const VectorClock& clock, WallTime wall, const std::vector<LogId>& first = {});
  /// Whether there is more news than the context of one change holds. add() refuses it.
  [[nodiscard]] bool owes_news() const;
  /// A change without ops, which says as much of the news as fits. Opens the log first if this is
  /// its first change.
  [[nodiscard]] Status add_news();
  /// The dot that the next added change will have; opens the log first if this is its first change.
  /// `founding`: only for the first log of a space that is founded here.
  [[nodiscard]] Result<Dot> next_dot(const std::optional<Founding>& founding = std::nullopt);
  /// A change with these sealed ops, each of which passed OwnOp. The reference lasts until commit()
  /// or abort(). kTooLarge above a payload's limit or with news owed, kMissingKey without an epoch.
  [[nodiscard]] Result<const Change*> add(Bytes plain);
  /// An open change, signed by itself.
  [[nodiscard]] Result<const Change*> add_open(const std::vector<OpenOp>& ops);

  /// All changes since begin(), the log's opening included.
  [[nodiscard]] const std::deque<Change>& changes() const { return changes_; }
  [[nodiscard]] bool is_full() const;
  /// Signs the run: a raw pack of it.
  [[nodiscard]] Bytes finish();
  /// Of the last change of the run that finish() signed.
  [[nodiscard]] const Signature& signature() const { return signature_; }
  /// The run is durable.
  void commit();
  /// The run never happened.
  void abort();

  /// A change of somebody else was applied: its timestamp may pull ours along.
  void saw(Hlc timestamp, WallTime wall);
  /// From now on our changes are sealed under this epoch.
  void use(const EpochId& epoch) { state_.epoch = epoch; }
  [[nodiscard]] const AuthorState& state() const { return state_; }

 private:
  [[nodiscard]] Result<const Change*> append(ChangeKind kind, Bytes plain);
  [[nodiscard]] std::size_t untold() const { return news_.size() - told_; }
  [[nodiscard]] std::vector<ContextEntry> context_for(Seq seq) const;
  void cite(const std::vector<ContextEntry>& context);

  SpaceId space_;
  const Signer& signer_;
  const Hasher& hasher_;
  const Cipher& cipher_;
  AuthorState state_;
  AuthorState before_;
  /// Of the clock, against what is cited; the first told_ are said.
  std::vector<ContextEntry> news_;
  std::size_t told_ = 0;
  WallTime wall_;
  std::deque<Change> changes_;
  std::deque<Bytes> payloads_;
  std::size_t bytes_ = 0;  ///< of payloads and contexts, as they come to in a pack
  Signature signature_;
  Bytes scratch_;
};

}  // namespace lanyard::oplog
