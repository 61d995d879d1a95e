#pragma once

#include <array>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// The first 8 bytes in each direction of a link, in the clear: which wire version both speak
/// (docs/PROTOCOL.md). They go into the handshake's prologue, so nobody between the two can change
/// them unnoticed.
///
///   dialer    "LNYD", lowest version, highest version   (2 bytes each, big-endian)
///   listener  "LNYD", choice (0: none in common), two zero bytes
namespace lanyard::wire {

inline constexpr std::size_t kPrefaceBytes = 8;
using Preface = std::array<std::uint8_t, kPrefaceBytes>;

using Version = std::uint16_t;
inline constexpr Version kNoVersion = 0;

/// The versions from `lowest` to `highest`, both included. The default is what this program speaks.
struct VersionRange {
  Version lowest = 1;
  Version highest = 1;
  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

[[nodiscard]] Preface offer(VersionRange ours);
/// kMalformed unless it is an offer of at least one version, none of them 0.
[[nodiscard]] Result<VersionRange> read_offer(ByteView bytes);

/// The highest version that both speak, or kNoVersion.
[[nodiscard]] Version choose(VersionRange ours, VersionRange theirs);

[[nodiscard]] Preface answer(Version choice);
/// What the listener chose from `offered`. kNewerVersion if it has none in common with us;
/// kMalformed if it is not an answer, or was not offered.
[[nodiscard]] Result<Version> read_answer(ByteView bytes, VersionRange offered);

}  // namespace lanyard::wire
