#include "replication/types/value_order.hpp"

#include <cmath>

#include "replication/types/canonical.hpp"

namespace lanyard {
namespace {

using Kind = CanonicalReader::Kind;

int rank(Kind kind) {
  switch (kind) {
    case Kind::kNone:
    case Kind::kNil: return 0;
    case Kind::kBoolean: return 1;
    case Kind::kInteger:
    case Kind::kReal: return 2;
    case Kind::kText: return 3;
    case Kind::kBinary: return 4;
    case Kind::kArray: return 5;
    case Kind::kMap: return 6;
  }
  return 0;
}

std::strong_ordering next_numbers(CanonicalReader& left, CanonicalReader& right) {
  const bool is_left_whole = left.peek() == Kind::kInteger;
  const bool is_right_whole = right.peek() == Kind::kInteger;
  if (is_left_whole && is_right_whole) return left.integer() <=> right.integer();
  if (is_left_whole) return compare_numbers(left.integer(), right.real());
  if (is_right_whole) return 0 <=> compare_numbers(right.integer(), left.real());
  return compare_numbers(left.real(), right.real());
}

std::strong_ordering next_values(CanonicalReader& left, CanonicalReader& right);

std::strong_ordering next_arrays(CanonicalReader& left, CanonicalReader& right) {
  const std::size_t left_size = left.array();
  const std::size_t right_size = right.array();
  for (std::size_t i = 0; i < std::min(left_size, right_size); ++i)
    if (const auto order = next_values(left, right); order != 0) return order;
  return left_size <=> right_size;
}

std::strong_ordering next_maps(CanonicalReader& left, CanonicalReader& right) {
  const std::size_t left_size = left.map();
  const std::size_t right_size = right.map();
  for (std::size_t i = 0; i < std::min(left_size, right_size); ++i) {
    const auto names = compare(as_bytes(left.text()), as_bytes(right.text()));
    if (names != 0) return names;
    if (const auto order = next_values(left, right); order != 0) return order;
  }
  return left_size <=> right_size;
}

std::strong_ordering next_values(CanonicalReader& left, CanonicalReader& right) {
  const Kind kind = left.peek();
  if (const auto order = rank(kind) <=> rank(right.peek()); order != 0) return order;
  switch (kind) {
    case Kind::kNone: return std::strong_ordering::equal;
    case Kind::kNil: left.nil(), right.nil(); return std::strong_ordering::equal;
    case Kind::kBoolean: return left.boolean() <=> right.boolean();
    case Kind::kInteger:
    case Kind::kReal: return next_numbers(left, right);
    case Kind::kText: return compare(as_bytes(left.text()), as_bytes(right.text()));
    case Kind::kBinary: return compare(left.binary(), right.binary());
    case Kind::kArray: return next_arrays(left, right);
    case Kind::kMap: return next_maps(left, right);
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_numbers(std::int64_t integer, double real) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (real >= kTwoTo63) return std::strong_ordering::less;
  if (real < -kTwoTo63) return std::strong_ordering::greater;
  // Within these bounds the whole part of a double is an integer of 64 bits, exactly.
  const double whole = std::trunc(real);
  if (const auto order = integer <=> static_cast<std::int64_t>(whole); order != 0) return order;
  return compare_numbers(0.0, real - whole);
}

std::strong_ordering compare_numbers(double left, double right) {
  return left < right   ? std::strong_ordering::less
         : left > right ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

std::strong_ordering compare_values(ByteView left, ByteView right) {
  CanonicalReader left_reader(left);
  CanonicalReader right_reader(right);
  return next_values(left_reader, right_reader);
}

}  // namespace lanyard
