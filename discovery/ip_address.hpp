#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "replication/types/bytes.hpp"

namespace lanyard::discovery {

/// An IPv4 or IPv6 address without port and without scope. An IPv4 address that is written as IPv6
/// (::ffff:1.2.3.4) is the IPv4 address. Pure.
class IpAddress {
 public:
  /// 4 or 16 bytes, in the order of the network; nothing for any other number.
  [[nodiscard]] static std::optional<IpAddress> from(ByteView bytes);
  /// "192.0.2.24" or "fe80::1"; nothing for anything else, scopes and names too.
  [[nodiscard]] static std::optional<IpAddress> parse(const std::string& text);

  [[nodiscard]] bool is_v6() const { return is_v6_; }
  /// 4 or 16 bytes. The view lives as long as the address.
  [[nodiscard]] ByteView view() const { return ByteView(bytes_).first(is_v6_ ? 16 : 4); }
  /// fe80::/10: means nothing without an interface.
  [[nodiscard]] bool is_v6_link_local() const;
  /// Private (RFC 1918), link-local (RFC 3927, RFC 4291) or unique local (RFC 4193): all that mDNS,
  /// or a peer's word, may have us dial. Loopback, multicast and global addresses are not.
  [[nodiscard]] bool is_near() const;
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool is_v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
};

/// What the dialer takes: "10.0.0.2:7761", "[fd00::2]:7761", "[fe80::1%eth0]:7761".
[[nodiscard]] std::string host_and_port(const IpAddress& address, const std::string& interface,
                                        std::uint16_t port);
/// The address in such a text; nothing for a host name.
[[nodiscard]] std::optional<IpAddress> address_of(const std::string& host_and_port);

}  // namespace lanyard::discovery
