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
///   begin(clock, wall); add(...) for each waiting edit; finish() -> the pack to store and send;
///   then commit() or abort().
class Author {
 public:
  Author(SpaceId space, const Signer& signer, const Hasher& hasher, const Cipher& cipher,
         AuthorState state);

  /// `clock`: what is applied here now, own log left out or not.
  void begin(const VectorClock& clock, WallTime wall);
  /// The dot that the next added change will have; opens the log first if this is its first change.
  /// `founding`: only for the first log of a space that is founded here.
  [[nodiscard]] Result<Dot> next_dot(const std::optional<Founding>& founding = std::nullopt);
  /// A change with these sealed ops, each of which passed OwnOp. The reference lasts until commit()
  /// or abort(). kTooLarge above a payload's limit, kMissingKey without an epoch.
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
  [[nodiscard]] std::vector<ContextEntry> context_for(Seq seq) const;

  SpaceId space_;
  const Signer& signer_;
  const Hasher& hasher_;
  const Cipher& cipher_;
  AuthorState state_;
  AuthorState before_;
  VectorClock clock_;
  WallTime wall_;
  std::deque<Change> changes_;
  std::deque<Bytes> payloads_;
  std::size_t payload_bytes_ = 0;
  Signature signature_;
  Bytes scratch_;
};

}  // namespace lanyard::oplog
