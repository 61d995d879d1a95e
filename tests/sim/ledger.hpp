#pragma once

#include <set>
#include <string>

#include "tests/support/memory_store.hpp"

namespace lanyard::sim {

/// What a client had been shown of a record when it wrote: the dots of what it read and of its own
/// writes. For a write that says nothing of a read: everything that its store held.
struct Seen {
  std::set<Dot> dots;
  VectorClock clock;
  [[nodiscard]] bool has(const Dot& dot) const {
    return dots.contains(dot) || seq_in(clock, dot.log) >= dot.seq;
  }
};

/// One op that was acknowledged to a client.
struct AcknowledgedOp {
  Dot dot;
  std::size_t index = 0;  ///< in its change
  merge::LocalOp op;
  Seen seen;
  /// Its device was set back when nobody else had it on disk: it may be gone with it.
  bool may_be_lost = false;
};

/// Every write that a client was told is safe, and the search for one that is not.
class Ledger {
 public:
  void add(AcknowledgedOp op) { ops_.push_back(std::move(op)); }
  [[nodiscard]] std::size_t size() const { return ops_.size(); }
  /// What `log` has after `safe` was nowhere else when it was taken away.
  void may_be_lost(const LogId& log, Seq safe);

  /// The first acknowledged write that is neither shown, nor in the inbox, nor in the trash, nor
  /// replaced by one whose client had seen it; or a change that is gone, or a counter that lost an
  /// add. Empty: nothing is lost.
  [[nodiscard]] std::string find_loss(const support::MemoryStore& store) const;

 private:
  [[nodiscard]] static bool is_gone(const AcknowledgedOp& op, const VectorClock& held);
  using RecordKey = std::pair<std::string, std::string>;
  [[nodiscard]] std::string find_lost_value(
      const support::MemoryStore& store, const AcknowledgedOp& written,
      const std::map<RecordKey, std::vector<const AcknowledgedOp*>>& by_record) const;
  [[nodiscard]] std::string find_lost_add(const support::MemoryStore& store) const;

  std::vector<AcknowledgedOp> ops_;
};

}  // namespace lanyard::sim
