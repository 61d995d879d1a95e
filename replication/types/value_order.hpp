#pragma once

#include <compare>

#include "replication/types/bytes.hpp"

/// How JSON values compare where records are asked for. Merging has a stricter rule, by which 1 and
/// 1.0 are two values.
namespace lanyard {

/// By mathematical value, exactly, also where a double cannot hold the integer. Doubles are finite.
[[nodiscard]] std::strong_ordering compare_numbers(std::int64_t integer, double real);
[[nodiscard]] std::strong_ordering compare_numbers(double left, double right);

/// One total order of all values: null, false, true, numbers by their mathematical value (1 equals
/// 1.0), texts by their UTF-8 bytes, arrays by their elements, objects by their members' names and
/// values in the order of the names. Both are canonical. Pure.
[[nodiscard]] std::strong_ordering compare_values(ByteView left, ByteView right);

}  // namespace lanyard
