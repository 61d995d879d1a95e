#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "replication/types/bytes.hpp"
#include "replication/types/result.hpp"

/// What a device says of itself in the TXT record of its DNS-SD service (RFC 6763, section 6):
///   v=1-1    the lowest and highest wire version that it speaks
///   pair=1   while a pairing window is open; left out otherwise
/// Nothing else: no name, no key, no space. What is read there is a hint and never an identity.
namespace lanyard::discovery {

struct ServiceText {
  std::uint16_t lowest_version = 1;
  std::uint16_t highest_version = 1;
  bool is_pairing = false;
  friend bool operator==(const ServiceText&, const ServiceText&) = default;
};

/// The strings of the record, in the order in which they are sent. Pure.
[[nodiscard]] std::vector<std::string> txt_strings(const ServiceText& text);

/// Strings are any bytes. Of a key that stands there twice the first counts, keys are compared
/// without case, and keys that we do not know are passed over, as RFC 6763 has it. kMalformed if
/// there is no readable `v`; kTooLarge above 64 strings or 1,300 bytes, RFC 6763's bound for one
/// packet. Pure.
[[nodiscard]] Result<ServiceText> read_txt(const std::vector<ByteView>& strings);

}  // namespace lanyard::discovery
