#include "discovery/ip_address.hpp"

#include <arpa/inet.h>

namespace lanyard::discovery {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

std::optional<IpAddress> IpAddress::from(ByteView bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  if (bytes.size() == 16 && equal(bytes.first(kMappedPrefix.size()), kMappedPrefix))
    bytes = bytes.subspan(kMappedPrefix.size());
  IpAddress out;
  out.is_v6_ = bytes.size() == 16;
  std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
  return out;
}

std::optional<IpAddress> IpAddress::parse(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return from(ByteView(bytes).first(4));
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return from(bytes);
  return std::nullopt;
}

bool IpAddress::is_v6_link_local() const {
  return is_v6_ && bytes_[0] == 0xFE && (bytes_[1] & 0xC0U) == 0x80;
}

bool IpAddress::is_near() const {
  if (is_v6_) return is_v6_link_local() || (bytes_[0] & 0xFEU) == 0xFC;
  return bytes_[0] == 10 || (bytes_[0] == 172 && (bytes_[1] & 0xF0U) == 16) ||
         (bytes_[0] == 192 && bytes_[1] == 168) || (bytes_[0] == 169 && bytes_[1] == 254);
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  inet_ntop(is_v6_ ? AF_INET6 : AF_INET, bytes_.data(), room.data(), room.size());
  return room.data();
}

std::string host_and_port(const IpAddress& address, const std::string& interface,
                          std::uint16_t port) {
  std::string host = address.text();
  if (address.is_v6_link_local()) host += "%" + interface;
  if (address.is_v6()) host = "[" + host + "]";
  return host + ":" + std::to_string(port);
}

std::optional<IpAddress> address_of(const std::string& host_and_port) {
  std::string host = host_and_port.substr(0, host_and_port.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host.substr(0, host.find('%')));
}

}  // namespace lanyard::discovery
