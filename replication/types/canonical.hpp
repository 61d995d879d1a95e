#pragma once

#include "replication/types/bytes.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/result.hpp"

/// Canonical msgpack: the one encoding that hashed, signed and stored bytes have (ADR 0004).
/// Shortest integers and lengths, doubles always 64 bits, -0.0 written as 0.0, no NaN or infinity,
/// map keys distinct and sorted by their UTF-8 bytes, strings in valid UTF-8, no extension types. A
/// writer cannot make anything else except by putting map members in the wrong order; a reader
/// accepts nothing else.
namespace lanyard {

class CanonicalWriter {
 public:
  /// Appends to `out`, which must outlive the writer.
  explicit CanonicalWriter(Bytes& out) : out_(out) {}

  void nil() { out_.push_back(0xC0); }
  void boolean(bool value) { out_.push_back(value ? 0xC3 : 0xC2); }
  void integer(std::int64_t value);
  void natural(std::uint64_t value);
  /// Must be finite.
  void real(double value);
  /// Must be valid UTF-8.
  void text(std::string_view value);
  void binary(ByteView value);
  void array(std::size_t size);
  /// Followed by `size` members, sorted by the caller.
  void map(std::size_t size);
  /// Bytes that are canonical already.
  void raw(ByteView encoded) { append(out_, encoded); }

 private:
  void big_endian(std::uint8_t tag, std::uint64_t value, int bytes);
  Bytes& out_;
};

/// Reads canonical msgpack without copying: what it returns points into the input. The first
/// mistake makes the reader fail for good; later reads return empty values, so a caller may read a
/// whole structure and ask once.
class CanonicalReader {
 public:
  enum class Kind { kNil, kBoolean, kInteger, kReal, kText, kBinary, kArray, kMap, kNone };

  /// `depth_max`: arrays and maps inside one another in what value() takes.
  explicit CanonicalReader(ByteView in, std::size_t depth_max = limits::kValueDepthMax)
      : in_(in), depth_max_(depth_max) {}

  /// What comes next; kNone at the end, on a failed reader and on a tag that is never canonical.
  [[nodiscard]] Kind peek() const;
  void nil();
  bool boolean();
  /// An integer of the JSON range, -2^63 to 2^63 - 1.
  std::int64_t integer();
  std::uint64_t natural();
  double real();
  std::string_view text();
  ByteView binary();
  /// Exactly `N` bytes.
  template <class Fixed>
  Fixed fixed() {
    const auto out = Fixed::from(binary());
    if (!out) fail(Code::kMalformed);
    return out.value_or(Fixed{});
  }
  /// The number of elements, never more than there are bytes left: safe to loop over and to reserve
  /// by.
  std::size_t array();
  std::size_t map();
  /// A whole JSON value (no binary, integers in range, members sorted and distinct), checked, as
  /// its bytes.
  ByteView value();

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }
  [[nodiscard]] std::size_t position() const { return at_; }
  /// Values, keys and containers met by value() so far.
  [[nodiscard]] std::size_t nodes() const { return nodes_; }
  /// The most arrays and maps inside one another that value() met so far.
  [[nodiscard]] std::size_t deepest() const { return deepest_; }
  /// Marks the input as bad, from outside: a rule that only the caller knows was broken.
  void fail(Code code);
  /// Everything was read and nothing was wrong.
  [[nodiscard]] Status finish() const;
  [[nodiscard]] Code code() const { return code_; }

 private:
  std::uint8_t byte();
  std::uint64_t big_endian(int bytes);
  std::uint64_t sized(int bytes, std::uint64_t shortest);
  ByteView take(std::uint64_t size);
  std::size_t container(std::uint8_t fix, std::uint8_t tag16, std::size_t per_element);
  void skip_value(std::size_t depth);
  void skip_map(std::size_t depth);

  ByteView in_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t depth_max_;
  std::size_t deepest_ = 0;
  bool failed_ = false;
  Code code_ = Code::kMalformed;
};

}  // namespace lanyard
