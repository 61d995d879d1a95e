#pragma once

#include <functional>

#include "replication/oplog/pack.hpp"
#include "replication/oplog/space_log.hpp"

/// Forks: one log whose device signed two changes of one number, as two machines do that are copies
/// of one whole machine (ADR 0011). A branch is the log from its first change that the other does
/// not have; the fork is proven by both, each chained to a change that the device signed.
namespace lanyard::oplog {

/// A fork as it is kept and told. Each branch is a pack of this log alone that begins at `seq`; the
/// one whose first change has the smaller hash stands first, so that all tell the same.
struct Fork {
  SpaceId space;
  DeviceId device;
  Incarnation incarnation;  ///< with the device and the space gives the log's id
  Bytes first;
  Bytes second;
  friend bool operator==(const Fork&, const Fork&) = default;
};

/// What a proof comes to.
struct ProvenFork {
  DeviceId device;
  LogId log;
  Seq seq;  ///< of the first changes that differ
  Branch first;
  Branch second;
};

/// Reads one branch: a pack of one log of this device and incarnation, chained, and signed at its
/// end. kMalformed, kBadSignature, kWrongSpace, and as read_pack() (kMissingKey).
[[nodiscard]] Result<Pack> read_branch(ByteView bytes, const Fork& fork, const Cipher& cipher,
                                       const Hasher& hasher, const Verifier& verifier);
[[nodiscard]] Branch branch_of(const Pack& pack);
/// Whom a branch admits. A pack without hashes will do.
[[nodiscard]] std::vector<Admission> admitted_in(const Pack& branch);

/// What a fork says, of which it is known that it was proven.
[[nodiscard]] Result<ProvenFork> read_fork(const Fork& fork, const Cipher& cipher,
                                           const Hasher& hasher);

/// Checks a whole proof, without looking at what is held here. Whoever passes it on need not be
/// trusted.
[[nodiscard]] Result<ProvenFork> prove(const Fork& fork, const Cipher& cipher, const Hasher& hasher,
                                       const Verifier& verifier);

/// The first log that these changes show to have a branch which is not held: by being of it, or by
/// naming it in their contexts.
[[nodiscard]] std::optional<LogId> find_forked(std::span<const Change> changes,
                                               const SpaceLog& held);

/// An open change that admits somebody, with what proves it.
struct ShownAdmission {
  Bytes header;
  Bytes payload;
  Signature signature;
};
/// The first change of either branch that admits the device.
[[nodiscard]] Result<std::optional<ShownAdmission>> find_admission(const Fork& fork,
                                                                   const DeviceId& device,
                                                                   const Cipher& cipher,
                                                                   const Hasher& hasher);

// ---- for the two stores: `at` gives the hash of a change of the branch that is held

using HashAt = std::function<Result<Hash>(Seq)>;

/// The head, what lies 1, 2, 4, ... before it, and the first.
[[nodiscard]] Result<std::vector<Head>> fork_points(const Head& head, const HashAt& at);
/// The last of these points that is held here too; seq 0 if none is.
[[nodiscard]] Result<Seq> last_common(const std::vector<Head>& points, const Head& head,
                                      const HashAt& at);

/// A branch as it is kept and told: the changes, the last of them signed. Above
/// limits::kForkBranchBytesMax the payloads are left out, and what proves it stays; kTooLarge if
/// that alone is longer.
[[nodiscard]] Result<Bytes> pack_branch(std::vector<Change> changes, const Signature& signature);

/// The branch that is held here from this seq on, packed.
using OwnBranch = std::function<Result<Bytes>(Seq)>;
/// A whole fork, of one branch (read_branch() has checked it) and what is held here. kNotFound if
/// they do not differ, kMissingContext if the branch does not hang on to what is held here.
[[nodiscard]] Result<Fork> join(const Fork& branch, const Head& head, const HashAt& at,
                                const OwnBranch& own, const Cipher& cipher, const Hasher& hasher);

/// What a store keeps once it was told of a fork.
struct ForkToKeep {
  Fork fork;
  ProvenFork proven;
  bool is_new = false;          ///< not known before, or not so much of it
  std::optional<Branch> other;  ///< as other_branch()
};
/// `given`: a proven fork, or one branch, which is joined with what is held here. `known`: what is
/// kept of that log so far; of both the longer branches stay. Errors are join()'s.
[[nodiscard]] Result<ForkToKeep> add_fork(const Fork& given, const std::optional<Fork>& known,
                                          const Head& head, const HashAt& at, const OwnBranch& own,
                                          const Cipher& cipher, const Hasher& hasher);

/// Of two tellings of one fork the longer branch each. Nothing if `more` has nothing to add, or is
/// another fork of that log: the first one that was proven is kept.
[[nodiscard]] Result<std::optional<Fork>> longer(const Fork& known, const Fork& more,
                                                 const Cipher& cipher, const Hasher& hasher);
/// The branch that is not the one that is held here; nothing if what is held does not reach so far.
[[nodiscard]] Result<std::optional<Branch>> other_branch(const ProvenFork& fork, const Head& head,
                                                         const HashAt& at);

}  // namespace lanyard::oplog
