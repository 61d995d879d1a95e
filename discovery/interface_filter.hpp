#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "discovery/ip_address.hpp"

namespace lanyard::discovery {

/// A network interface of this machine, with the addresses that others may dial.
struct Interface {
  int index = 0;  ///< the kernel's, 1 or more
  std::string name;
  std::vector<IpAddress> addresses;  ///< sorted, each once, only near ones
  friend bool operator==(const Interface&, const Interface&) = default;
};

/// Which interfaces discovery uses, by their names. Pure.
class InterfaceFilter {
 public:
  /// What stands for the rule that leaves out what containers, virtual machines and VPNs make:
  /// docker* br-* veth* virbr* tun* tap* wg*.
  static constexpr std::string_view kAuto = "auto";

  /// Names, or patterns in which `*` stands for any characters; "auto" adds the rule above.
  explicit InterfaceFilter(std::vector<std::string> patterns = {std::string(kAuto)})
      : patterns_(std::move(patterns)) {}

  [[nodiscard]] bool admits(std::string_view name) const;

 private:
  std::vector<std::string> patterns_;
};

/// `*` stands for any number of any characters, everything else for itself. Pure.
[[nodiscard]] bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace lanyard::discovery
