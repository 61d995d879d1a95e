#pragma once

#include "replication/oplog/fork.hpp"
#include "replication/oplog/pack.hpp"
#include "replication/oplog/space_log.hpp"

namespace lanyard::oplog {

/// New changes of one space, proven and in an order of application, ready to be stored.
struct Accepted {
  Pack pack;    ///< with the new changes only
  Bytes bytes;  ///< the pack as it is to be stored: as received, or cut where we held its beginning
  /// Logs that forked, of whose other branch it brought more than is kept.
  std::vector<LogId> outgrown;
};

/// Decides what may be stored: rebuilds the headers of a pack, checks that every log goes on where
/// ours ends, that its device may write, that each change comes after its context, and verifies one
/// signature per log. Applies nothing. One per space; lives on the network thread. Pure.
class Intake {
 public:
  /// `cipher` gets the keys from grants addressed to `self` as they are met.
  Intake(DeviceId self, SpaceLog state, Cipher& cipher, const Hasher& hasher,
         const Verifier& verifier);

  /// Nothing new: an accepted pack without changes. On an error nothing has changed here, and the
  /// code says whether the peer is at fault: kMissingContext (ask for what is missing) and kForked
  /// (keep, and tell) may not be, others are.
  [[nodiscard]] Result<Accepted> accept(ByteView bytes);

  /// What is accepted so far: ahead of what is applied by what storage has not answered yet.
  [[nodiscard]] const SpaceLog& state() const { return state_; }
  /// After our own commit, or after storage lost what was accepted: this is what is held.
  void reset(SpaceLog state) { state_ = std::move(state); }
  /// A fork is proven, and this is its other branch.
  void keep_branch(const LogId& log, const Branch& branch) { state_.keep_branch(log, branch); }
  /// A fork is proven, and storage is about to look which branch is the other one.
  void tell_fork(const ProvenFork& fork) {
    state_.tell_fork(fork.log, {fork.device, fork.first, fork.second});
  }
  /// A change of our own was committed.
  [[nodiscard]] Status advance(const Change& change) { return state_.advance(change, hasher_); }

 private:
  struct Walk;
  [[nodiscard]] Status verify(const Pack& pack) const;
  void take_grants(const Pack& pack);

  DeviceId self_;
  SpaceLog state_;
  Cipher& cipher_;
  const Hasher& hasher_;
  const Verifier& verifier_;
};

/// The payload of a stored or accepted change, readable or not.
struct Opened {
  ByteView plain;  ///< points into the change, or into `memory`
  Effect effect = Effect::kEffective;
};
/// Opens what is sealed. Says nothing yet about the ops inside: see effect_of().
[[nodiscard]] Opened open_payload(const Change& change, const Cipher& cipher, Bytes& memory);

}  // namespace lanyard::oplog
