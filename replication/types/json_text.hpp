#pragma once

#include <optional>
#include <string>

#include "replication/types/bytes.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/named_values.hpp"
#include "replication/types/result.hpp"

/// JSON text (RFC 8259) and canonical msgpack are two spellings of the same value; going there and
/// back changes nothing. This is the strict dialect in which records are stored and shown. Pure.
namespace lanyard {

/// Appends the JSON text of one canonical value: members in their canonical order, no white space,
/// the shortest digits that read back as the same double, a double always with a point or an
/// exponent. `canonical` must be canonical.
void append_json(ByteView canonical, std::string& out);
[[nodiscard]] std::string to_json(ByteView canonical);

/// Appends a text as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& out);

/// Canonical msgpack of a JSON text. Refuses what cannot be kept exactly: duplicate member names,
/// lone surrogates, doubles beyond range, more nesting than `depth_max`; and more than 65,536
/// members in one object. The error's detail says what and at which byte.
///
/// A whole number beyond 64 bits with a sign is a double, as it was to whoever wrote it: JavaScript
/// writes its doubles without a point up to 1e21 (ECMA-262, Number::toString). From there on digits
/// come from a program that counts exactly, and are refused.
[[nodiscard]] Result<Bytes> from_json(std::string_view text,
                                      std::size_t depth_max = limits::kValueDepthMax);
/// The members of a text that is an object, sorted by their names; nothing for any other value.
[[nodiscard]] Result<std::optional<NamedValues>> members_from_json(std::string_view text,
                                                                   std::size_t depth_max);

}  // namespace lanyard
