#pragma once

#include <map>
#include <span>

#include "replication/oplog/change.hpp"

/// Packs: slices of a store's order of application over all logs. How the log is kept, and how it
/// travels in bulk (ADR 0006).
///
///   pack  = format (1), compression (0 none, 1 zstd), body
///   body  = [logs, references, epochs, changes], canonical msgpack
///     logs        [[log id, first seq, prev of it, signature of the last change here], ...]
///     references  [[log id, seq, hash], ...]: what contexts name outside this pack
///     epochs      [epoch, ...]
///     changes     [[log index, form * 2 + kind, timestamp - the one before (mod 2^64, zigzag),
///                   context, epoch index (from 1; 0 = none), payload], ...]
///                 an open change has its signature as a seventh element
///       context   [entry, ...]: a reference index, or [log index, seq] for an earlier change of
///                 this pack
///       payload   bytes; for an erased one [hash, size]
///
/// Everything else in a header is computed: log ids, seqs, prev, context hashes, payload hashes.
namespace lanyard::oplog {

inline constexpr std::uint8_t kPackFormat = 1;
inline constexpr std::uint8_t kPackRaw = 0;
inline constexpr std::uint8_t kPackZstd = 1;

struct PackLog {
  LogId log;
  Seq first;
  Hash prev;
  Signature signature;
};

/// A pack that was read, and whose headers were rebuilt and hashed. Nothing in it is proven yet.
struct Pack {
  std::vector<PackLog> logs;
  /// In order of application. Payloads point into `body`.
  std::vector<Change> changes;
  Bytes body;

  Pack() = default;
  Pack(const Pack&) = delete;
  Pack& operator=(const Pack&) = delete;
  Pack(Pack&&) = default;
  Pack& operator=(Pack&&) = default;

  [[nodiscard]] std::size_t payload_bytes() const;
};

/// Reads a pack and rebuilds its headers. `cipher` seals plain payloads again to find their hashes:
/// kMissingKey if it does not hold the epoch. Memory is bounded by limits::kPackBodyBytesMax,
/// whatever the bytes declare.
[[nodiscard]] Result<Pack> read_pack(ByteView bytes, const Cipher& cipher, const Hasher& hasher);

/// The same for a pack that was proven before it was stored, without what would have to be sealed
/// or hashed for it: every hash in it is zeros. Several times as fast, and needs no key.
[[nodiscard]] Result<Pack> read_proven_pack(ByteView bytes);

/// The signatures of the last change of each log among the changes to be packed.
using RunSignatures = std::map<LogId, Signature>;

/// Packs changes, which must be in an order of application, contiguous per log, and end each log
/// with a signed change. `compress`: zstd level 1; small live runs are not worth it.
[[nodiscard]] Bytes write_pack(std::span<const Change> changes, const RunSignatures& signatures,
                               bool compress);

/// The same pack with its body compressed: for large runs, which are stored and sent as they are. A
/// pack that is compressed already comes back unchanged.
[[nodiscard]] Bytes compressed(Bytes pack);

/// Verifies the signature over a change's hash.
[[nodiscard]] bool is_signed(const Hash& hash, const Signature& signature, const DeviceId& device,
                             const Verifier& verifier);

}  // namespace lanyard::oplog
