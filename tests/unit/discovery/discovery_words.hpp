#pragma once

#include "discovery/candidate_table.hpp"
#include "discovery/dial_plan.hpp"

/// Words that the tests of this room share.
namespace lanyard::discovery::testing {

/// Always the same byte: 0 gives the shortest wait of a back-off, 255 the longest.
class ConstantRng final : public Rng {
 public:
  explicit ConstantRng(std::uint8_t value) : value_(value) {}
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), value_); }

 private:
  std::uint8_t value_;
};

inline DeviceId a_device(std::uint8_t number) {
  DeviceId out;
  out.bytes.fill(number);
  return out;
}

inline IpAddress an_address(const std::string& text) { return IpAddress::parse(text).value(); }

inline Sighting a_sighting(const std::string& instance, const std::string& address,
                           const std::string& interface = "eth0", std::uint16_t port = 7761) {
  const IpAddress ip = an_address(address);
  return {{instance, interface, ip.is_v6()}, ip, port, {}};
}

}  // namespace lanyard::discovery::testing
