#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "discovery/ip_address.hpp"
#include "discovery/txt_record.hpp"

namespace lanyard::discovery {

/// What a sighting is known by: an instance has one for each interface and family.
struct SightingKey {
  std::string instance;   ///< any bytes, at most 63: whoever shows them escapes them
  std::string interface;  ///< of ours, where it was seen
  bool is_v6 = false;
  friend auto operator<=>(const SightingKey&, const SightingKey&) = default;
};

/// A service that was seen on the network. A hint of where to knock, and nothing more: who lives
/// there is only known from the handshake.
struct Sighting {
  SightingKey key;
  IpAddress address;
  std::uint16_t port = 0;
  ServiceText text;

  [[nodiscard]] bool is_pairing() const { return text.is_pairing; }
  /// "10.0.0.2:7761", "[fe80::1%eth0]:7761".
  [[nodiscard]] std::string host_port() const {
    return host_and_port(address, key.interface, port);
  }
  friend bool operator==(const Sighting&, const Sighting&) = default;
};

/// Of two that see each other: who was not there before. It has asked who is there, and calls.
enum class Newcomer : std::uint8_t { kWe, kThey };

}  // namespace lanyard::discovery
