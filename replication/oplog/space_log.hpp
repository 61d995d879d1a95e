#pragma once

#include <map>
#include <optional>
#include <vector>

#include "replication/oplog/admissions.hpp"
#include "replication/oplog/open_op.hpp"
#include "replication/types/vector_clock.hpp"

/// What is proven about one space's logs: who writes them, how far they are held, and who was
/// admitted by whom.
namespace lanyard::oplog {

struct HeldLog {
  DeviceId device;
  Head head;
  friend bool operator==(const HeldLog&, const HeldLog&) = default;
};

/// Another branch of a log that forked, from its first change that ours does not have.
struct Branch {
  Seq first;
  std::vector<Hash> hashes;
  std::vector<Admission> admitted;  ///< by its changes

  [[nodiscard]] Seq last() const { return {first.value + hashes.size() - 1}; }
  [[nodiscard]] bool holds(const Head& head) const {
    return head.seq >= first && head.seq.value - first.value < hashes.size() &&
           hashes[head.seq.value - first.value] == head.hash;
  }
  friend bool operator==(const Branch&, const Branch&) = default;
};

/// The state that Intake and Author go on from. Small: it grows with devices, not with data. Stored
/// beside the log, and found again by reading it.
struct SpaceLog {
  SpaceId space;
  std::optional<DeviceId> founder;  ///< nothing until the founder's first change is held
  std::map<LogId, HeldLog> logs;
  Admissions admissions;  ///< those of kept branches too
  /// Of logs whose fork is proven: what is kept here beside the branch applied. It counts as
  /// held where others name it in their contexts.
  std::map<LogId, Branch> branches;
  /// Forks that are proven, of logs of which it is not known yet which branch is applied here: the
  /// log has not come so far, or nobody has looked. Both branches count as held.
  struct ToldFork {
    DeviceId device;  ///< whose log it is, which nobody here may hold
    Branch first;
    Branch second;
    /// Whether a change with this number decides which of them is applied here.
    [[nodiscard]] bool parts_at(Seq seq) const { return seq == first.first; }
    friend bool operator==(const ToldFork&, const ToldFork&) = default;
  };
  std::map<LogId, ToldFork> told;

  /// The clock by which two devices compare what they hold: with_forks() of what is applied.
  [[nodiscard]] VectorClock digest_clock(const Hasher& hasher) const;
  /// Whether it is, or goes on from, the branch that is kept and not applied.
  [[nodiscard]] bool is_of_other_branch(const Change& change) const;
  /// Whether a context names what is kept beside the branch applied.
  [[nodiscard]] bool is_of_kept_branch(const ContextEntry& entry) const;
  /// Whether a context names a branch of which nothing, or not so much, is kept.
  [[nodiscard]] bool is_unknown_branch(const ContextEntry& entry) const;
  /// The same, or nobody here can tell without a look at older changes: of a log that is known to
  /// have forked, behind the end of the branch that is kept beside it and before our own.
  [[nodiscard]] bool may_be_unknown_branch(const ContextEntry& entry) const;
  [[nodiscard]] VectorClock clock() const;
  [[nodiscard]] Head head_of(const LogId& log) const;  ///< seq 0 if nothing is held
  /// Whether the device was a member in the causal past of a change with this context, or was
  /// admitted where a log forked: who goes on from one branch cannot name what stands in the other.
  [[nodiscard]] bool is_admitted(const DeviceId& device, const Header& header) const;
  [[nodiscard]] bool is_member(const DeviceId& device) const;
  /// The logs of the first changes that admitted this device: a log that it opens names one of
  /// them. More than a few it need not know.
  [[nodiscard]] std::vector<LogId> admitting(const DeviceId& device) const;
  /// Distinct members, sorted; the founder included.
  [[nodiscard]] std::vector<DeviceId> members() const;

  /// Somebody has proven a fork: from now on contexts may name both branches. Once the log comes
  /// to where they part, the one that it does not take is kept.
  void tell_fork(const LogId& log, ToldFork fork);
  /// This branch of it is not the one that is applied.
  void keep_branch(const LogId& log, const Branch& other);
  /// Takes in one change whose chain is proven, or is about to be: moves the head, and for an open
  /// change reads its ops. kNotAdmitted, kWrongSpace, kMalformed, kForked or kMissingContext leave
  /// everything as it was. `admitted`: gets the device of each admission that is added.
  [[nodiscard]] Status advance(const Change& change, const Hasher& hasher,
                               std::vector<DeviceId>* admitted = nullptr);

 private:
  [[nodiscard]] Status check_context(const Header& header) const;
  [[nodiscard]] bool is_behind_fork(const Dot& dot) const;
  [[nodiscard]] Status open(const Change& change, const Hasher& hasher);
  void add_branch(const LogId& log, const Branch& other, std::vector<DeviceId>* admitted);
  void admit(const Admission& admission, std::vector<DeviceId>* admitted);
  void settle_told(const Change& change, std::vector<DeviceId>* admitted);
};

/// `applied` with an entry for each fork that is known, which says how much of its branches is:
/// whoever knows of less differs, and is told.
[[nodiscard]] VectorClock with_forks(VectorClock applied, const std::map<LogId, Branch>& branches,
                                     const Hasher& hasher);

}  // namespace lanyard::oplog
