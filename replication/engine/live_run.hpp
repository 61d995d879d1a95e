#pragma once

#include "replication/oplog/pack.hpp"
#include "replication/wire/message.hpp"

namespace lanyard::engine {

/// What a live run costs of its receiver's credit: what both ends can compute alike.
[[nodiscard]] std::uint64_t cost_of(const wire::LiveRun& run);
/// The number of its last change; it has at least one.
[[nodiscard]] Seq last_of(const wire::LiveRun& run);

[[nodiscard]] Head head_of(const oplog::Change& change);

/// A run of our own as a message. `signature`: of its last change.
[[nodiscard]] wire::LiveRun make_live_run(const SpaceId& space,
                                          std::span<const oplog::Change> changes,
                                          const Signature& signature);

/// A live run as a pack, with what was left out filled in: `prev` is the head that it goes on from.
/// kMissingKey as read_pack().
[[nodiscard]] Result<Bytes> to_pack(const wire::LiveRun& run, const Hash& prev,
                                    const Cipher& cipher, const Hasher& hasher);

}  // namespace lanyard::engine
