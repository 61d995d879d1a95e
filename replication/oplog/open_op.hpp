#pragma once

#include <optional>
#include <variant>

#include "replication/oplog/change.hpp"
#include "replication/oplog/op.hpp"

/// The ops of open changes: signed, not sealed, so that whoever has no key of the space can check
/// them too (ADR 0005).
namespace lanyard::oplog {

/// First op of the first change of every log: everyone can check space id and log id by it.
///   [64, space, device, incarnation, previous or nil, founding or nil]; previous = [log, seq,
///   hash]
struct OpenLog {
  SpaceId space;
  DeviceId device;
  Incarnation incarnation;
  std::optional<ContextEntry>
      previous;  ///< head of the previous incarnation, as far as the device remembers
  std::optional<Founding> founding;  ///< in the founder's first log only
};

enum class Role : std::uint8_t { kAdmin = 1 };  // version 1 writes and knows no other

struct Grant {
  EpochId epoch;
  ByteView sealed;  ///< the epoch's key in a crypto_box_seal to the device
};

/// [65, device, role, [[epoch, sealed key], ...]]; grants sorted by epoch.
struct Admit {
  DeviceId device;
  std::uint64_t role = static_cast<std::uint64_t>(Role::kAdmin);
  std::vector<Grant> grants;
};

using OpenOp = std::variant<OpenLog, Admit>;

/// Appends the canonical msgpack of an open op.
void encode(const OpenOp& op, Bytes& bytes);
[[nodiscard]] Bytes encode_plain(const std::vector<OpenOp>& ops);

/// The ops of an open payload, as views into it. An unknown kind, encoding or role leaves the
/// change without effect.
[[nodiscard]] tl::expected<std::vector<OpenOp>, Effect> read_open(ByteView plain);

/// Whom a change admits, with views into its payload. None of a change whose payload is not at hand
/// or has no effect.
[[nodiscard]] std::vector<Admit> admits_in(const Change& change);

}  // namespace lanyard::oplog
