#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "replication/types/bytes.hpp"

namespace lanyard {

/// The Ed25519 public key of a device. Its text form is in device_id_text.hpp.
using DeviceId = FixedBytes<struct DeviceIdTag, 32>;
/// First 16 bytes of BLAKE2b("lanyard-space-v1", founder's key, 16 random bytes), with the bits of
/// a version 8 UUID.
using SpaceId = FixedBytes<struct SpaceIdTag, 16>;
/// BLAKE2b-256("lanyard-log-v1", device key, incarnation, space id).
using LogId = FixedBytes<struct LogIdTag, 32>;
/// 16 random bytes: a restored, cloned or rolled-back store opens a new one.
using Incarnation = FixedBytes<struct IncarnationTag, 16>;
/// First 16 bytes of BLAKE2b-256("lanyard-epoch-v1", key). All zeros: no epoch (an open change).
using EpochId = FixedBytes<struct EpochIdTag, 16>;
/// BLAKE2b-256.
using Hash = FixedBytes<struct HashTag, 32>;
/// Ed25519, detached.
using Signature = FixedBytes<struct SignatureTag, 64>;

/// Position in a log, from 1. 0 means "nothing of it".
struct Seq {
  std::uint64_t value = 0;
  [[nodiscard]] Seq next() const { return {value + 1}; }
  friend auto operator<=>(const Seq&, const Seq&) = default;
};

/// Names a change wherever logs have their full ids: in signed bytes, on the wire, between rooms.
struct Dot {
  LogId log;
  Seq seq;
  friend auto operator<=>(const Dot&, const Dot&) = default;
};

/// The last change of a log that is held: what a vector clock says of one log.
struct Head {
  Seq seq;
  Hash hash;
  friend auto operator<=>(const Head&, const Head&) = default;
};

/// UUID text form, lower case: the name of a space in files and on screens.
[[nodiscard]] std::string to_text(const SpaceId& id);
[[nodiscard]] std::optional<SpaceId> space_id_from_text(std::string_view text);

}  // namespace lanyard
