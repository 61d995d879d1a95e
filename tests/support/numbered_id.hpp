#pragma once

#include <cstddef>
#include <cstdint>

namespace lanyard::support {

/// The id of that number, in the order of numbers; no two are the same, and none is all zeros.
template <class Id>
Id numbered_id(std::size_t number) {
  Id id;
  for (std::size_t i = 0; i < 4; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  id.bytes.back() = 1;
  return id;
}

}  // namespace lanyard::support
