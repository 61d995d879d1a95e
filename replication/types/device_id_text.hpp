#pragma once

#include <string>
#include <string_view>

#include "replication/types/ids.hpp"
#include "replication/types/result.hpp"

/// The text form of a device id: what people compare, read aloud and paste.
///
/// The 32 bytes, most significant bit first, in Crockford's base32 (crockford.com/base32.html): 52
/// characters, the last of which carries one bit and four zero bits. After each 13 characters comes
/// their Luhn mod 32 check character (the Luhn algorithm with 32 in place of 10), which finds every
/// single wrong character and every swap of two neighbours except 0 and Z. The 56 characters are
/// shown as 14 groups of four, joined by '-'.
namespace lanyard {

/// The whole id, upper case, with its dashes: 69 characters.
[[nodiscard]] std::string to_text(const DeviceId& id);

/// The first two groups, for lists: "K7QM-2VXA". Names a device to a person, never to a program.
[[nodiscard]] std::string to_short_text(const DeviceId& id);

/// Takes either case, dashes and spaces anywhere or nowhere, O for 0, and I and L for 1. Anything
/// else is kMalformed, with a detail that names the group of a character that cannot be there, or
/// the groups that one failed check character covers. Each id has one text but for these spellings.
[[nodiscard]] Result<DeviceId> device_id_from_text(std::string_view text);

}  // namespace lanyard
