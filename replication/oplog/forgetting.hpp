#pragma once

#include <set>
#include <span>
#include <vector>

#include "replication/ports.hpp"

/// What the devices of one person tell each other of devices that were forgotten (ADR 0029). Pure.
namespace lanyard::oplog {

/// A device says of another that it is not to be spoken with any more, or that it may be again.
struct Forgetting {
  DeviceId device;  ///< the one that is spoken of
  DeviceId author;  ///< the one on which a person decided it
  /// When, by the author's clock, and later than every word on that device that the author knew:
  /// of one author, and of one who takes another one's word back, the later counts.
  std::int64_t at_ms = 0;
  bool is_forgotten = true;  ///< false: known again
  Signature signature;
  friend bool operator==(const Forgetting&, const Forgetting&) = default;
};

/// Words of one device in one message, and rows of one store.
inline constexpr std::size_t kForgettingsMax = 256;
/// The latest time of a word. Far beyond every clock, and with room for later ones in 64 bits.
inline constexpr std::int64_t kForgettingAtMax = std::int64_t{1} << 53;

/// Signed by `author`, who must be the device's.
[[nodiscard]] Forgetting make_forgetting(const DeviceId& device, bool is_forgotten,
                                         std::int64_t at_ms, const Signer& author);
[[nodiscard]] bool is_signed(const Forgetting& word, const Verifier& verifier);

/// The devices that `self` does not speak with. The words of devices that are not in `trusted`
/// count for nothing, nor does what a forgotten device says. Two that say it of each other, with
/// nobody to decide between them, are both forgotten: a person has to. `self` decides for itself
/// before all others, and is never forgotten. The order of the words does not matter.
[[nodiscard]] std::set<DeviceId> forgotten_devices(std::span<const Forgetting> words,
                                                   const DeviceId& self,
                                                   const std::set<DeviceId>& trusted);

}  // namespace lanyard::oplog
