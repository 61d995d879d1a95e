#include "replication/types/canonical.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard {

// ---- writer

void CanonicalWriter::big_endian(std::uint8_t tag, std::uint64_t value, int bytes) {
  out_.push_back(tag);
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
}

void CanonicalWriter::natural(std::uint64_t value) {
  if (value < 0x80) return out_.push_back(static_cast<std::uint8_t>(value));
  if (value <= 0xFF) return big_endian(0xCC, value, 1);
  if (value <= 0xFFFF) return big_endian(0xCD, value, 2);
  if (value <= 0xFFFFFFFF) return big_endian(0xCE, value, 4);
  big_endian(0xCF, value, 8);
}

void CanonicalWriter::integer(std::int64_t value) {
  if (value >= 0) return natural(static_cast<std::uint64_t>(value));
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= -32) return out_.push_back(static_cast<std::uint8_t>(bits));
  if (value >= INT8_MIN) return big_endian(0xD0, bits, 1);
  if (value >= INT16_MIN) return big_endian(0xD1, bits, 2);
  if (value >= INT32_MIN) return big_endian(0xD2, bits, 4);
  big_endian(0xD3, bits, 8);
}

void CanonicalWriter::real(double value) {
  LANYARD_CHECK(std::isfinite(value), "JSON has no NaN and no infinity");
  big_endian(0xCB, std::bit_cast<std::uint64_t>(value + 0.0), 8);  // -0.0 + 0.0 is 0.0
}

void CanonicalWriter::text(std::string_view value) {
  const std::size_t size = value.size();
  if (size < 32) {
    out_.push_back(static_cast<std::uint8_t>(0xA0 | size));
  } else if (size <= 0xFF) {
    big_endian(0xD9, size, 1);
  } else if (size <= 0xFFFF) {
    big_endian(0xDA, size, 2);
  } else {
    big_endian(0xDB, size, 4);
  }
  append(out_, as_bytes(value));
}

void CanonicalWriter::binary(ByteView value) {
  const std::size_t size = value.size();
  if (size <= 0xFF) {
    big_endian(0xC4, size, 1);
  } else if (size <= 0xFFFF) {
    big_endian(0xC5, size, 2);
  } else {
    big_endian(0xC6, size, 4);
  }
  append(out_, value);
}

void CanonicalWriter::array(std::size_t size) {
  if (size < 16) return out_.push_back(static_cast<std::uint8_t>(0x90 | size));
  if (size <= 0xFFFF) return big_endian(0xDC, size, 2);
  big_endian(0xDD, size, 4);
}

void CanonicalWriter::map(std::size_t size) {
  if (size < 16) return out_.push_back(static_cast<std::uint8_t>(0x80 | size));
  if (size <= 0xFFFF) return big_endian(0xDE, size, 2);
  big_endian(0xDF, size, 4);
}

// ---- reader

void CanonicalReader::fail(Code code) {
  if (failed_) return;
  failed_ = true;
  code_ = code;
  at_ = in_.size();
}

Status CanonicalReader::finish() const {
  if (failed_) return lanyard::fail(code_);
  if (!at_end()) return lanyard::fail(Code::kMalformed, "bytes after the end");
  return {};
}

std::uint8_t CanonicalReader::byte() {
  if (at_ >= in_.size()) {
    fail(Code::kMalformed);
    return 0xC1;  // never used by msgpack: every reader refuses it
  }
  return in_[at_++];
}

std::uint64_t CanonicalReader::big_endian(int bytes) {
  const ByteView raw = take(static_cast<std::uint64_t>(bytes));
  std::uint64_t value = 0;
  for (const std::uint8_t b : raw) value = value << 8 | b;
  return value;
}

/// A number of the given width that would not have fitted into a narrower form.
std::uint64_t CanonicalReader::sized(int bytes, std::uint64_t shortest) {
  const std::uint64_t value = big_endian(bytes);
  if (!failed_ && value < shortest) fail(Code::kNotCanonical);
  return failed_ ? 0 : value;
}

ByteView CanonicalReader::take(std::uint64_t size) {
  if (size > in_.size() - at_) {
    fail(Code::kMalformed);
    return {};
  }
  const ByteView out = in_.subspan(at_, size);
  at_ += size;
  return out;
}

CanonicalReader::Kind CanonicalReader::peek() const {
  if (failed_ || at_end()) return Kind::kNone;
  const std::uint8_t tag = in_[at_];
  if (tag < 0x80 || tag >= 0xE0 || (tag >= 0xCC && tag <= 0xD3)) return Kind::kInteger;
  if (tag < 0x90 || tag == 0xDE || tag == 0xDF) return Kind::kMap;
  if (tag < 0xA0 || tag == 0xDC || tag == 0xDD) return Kind::kArray;
  if (tag < 0xC0 || (tag >= 0xD9 && tag <= 0xDB)) return Kind::kText;
  if (tag == 0xC0) return Kind::kNil;
  if (tag == 0xC2 || tag == 0xC3) return Kind::kBoolean;
  if (tag >= 0xC4 && tag <= 0xC6) return Kind::kBinary;
  if (tag == 0xCB) return Kind::kReal;
  return Kind::kNone;
}

void CanonicalReader::nil() {
  if (byte() != 0xC0) fail(Code::kMalformed);
}

bool CanonicalReader::boolean() {
  const std::uint8_t tag = byte();
  if (tag != 0xC2 && tag != 0xC3) fail(Code::kMalformed);
  return tag == 0xC3;
}

std::uint64_t CanonicalReader::natural() {
  const std::uint8_t tag = byte();
  if (tag < 0x80) return tag;
  switch (tag) {
    case 0xCC: return sized(1, 0x80);
    case 0xCD: return sized(2, 0x100);
    case 0xCE: return sized(4, 0x10000);
    case 0xCF: return sized(8, 0x100000000);
    default: fail(Code::kMalformed); return 0;
  }
}

std::int64_t CanonicalReader::integer() {
  if (failed_ || at_end()) {
    fail(Code::kMalformed);
    return 0;
  }
  const std::uint8_t tag = in_[at_];
  if (tag < 0x80 || (tag >= 0xCC && tag <= 0xCF)) {
    const std::uint64_t value = natural();
    if (value > static_cast<std::uint64_t>(INT64_MAX)) fail(Code::kNotCanonical);
    return failed_ ? 0 : static_cast<std::int64_t>(value);
  }
  ++at_;
  if (tag >= 0xE0) return static_cast<std::int8_t>(tag);
  std::int64_t value = 0;
  std::int64_t widest = 0;  // values at or above it have a shorter form
  switch (tag) {
    case 0xD0: value = static_cast<std::int8_t>(big_endian(1)), widest = -32; break;
    case 0xD1: value = static_cast<std::int16_t>(big_endian(2)), widest = INT8_MIN; break;
    case 0xD2: value = static_cast<std::int32_t>(big_endian(4)), widest = INT16_MIN; break;
    case 0xD3: value = static_cast<std::int64_t>(big_endian(8)), widest = INT32_MIN; break;
    default: fail(Code::kMalformed); return 0;
  }
  if (!failed_ && value >= widest) fail(Code::kNotCanonical);
  return failed_ ? 0 : value;
}

double CanonicalReader::real() {
  if (byte() != 0xCB) {
    fail(Code::kMalformed);
    return 0;
  }
  const auto value = std::bit_cast<double>(big_endian(8));
  if (!std::isfinite(value) || (value == 0 && std::signbit(value))) fail(Code::kNotCanonical);
  return failed_ ? 0 : value;
}

std::string_view CanonicalReader::text() {
  const std::uint8_t tag = byte();
  std::uint64_t size = 0;
  if (tag >= 0xA0 && tag < 0xC0) {
    size = tag & 31;
  } else if (tag == 0xD9) {
    size = sized(1, 32);
  } else if (tag == 0xDA) {
    size = sized(2, 0x100);
  } else if (tag == 0xDB) {
    size = sized(4, 0x10000);
  } else {
    fail(Code::kMalformed);
  }
  const ByteView raw = take(size);
  if (!failed_ && !is_utf8(raw)) fail(Code::kNotCanonical);
  return failed_ ? std::string_view{} : as_text(raw);
}

ByteView CanonicalReader::binary() {
  const std::uint8_t tag = byte();
  std::uint64_t size = 0;
  if (tag == 0xC4) {
    size = big_endian(1);
  } else if (tag == 0xC5) {
    size = sized(2, 0x100);
  } else if (tag == 0xC6) {
    size = sized(4, 0x10000);
  } else {
    fail(Code::kMalformed);
  }
  return take(size);
}

std::size_t CanonicalReader::container(std::uint8_t fix, std::uint8_t tag16,
                                       std::size_t per_element) {
  const std::uint8_t tag = byte();
  std::uint64_t size = 0;
  if ((tag & 0xF0) == fix) {
    size = tag & 15;
  } else if (tag == tag16) {
    size = sized(2, 16);
  } else if (tag == tag16 + 1) {
    size = sized(4, 0x10000);
  } else {
    fail(Code::kMalformed);
  }
  if (!failed_ && size > (in_.size() - at_) / per_element) fail(Code::kMalformed);
  return failed_ ? 0 : size;
}

std::size_t CanonicalReader::array() { return container(0x90, 0xDC, 1); }
std::size_t CanonicalReader::map() { return container(0x80, 0xDE, 2); }

void CanonicalReader::skip_map(std::size_t depth) {
  std::string_view last;
  const std::size_t size = map();
  for (std::size_t i = 0; i < size && !failed_; ++i) {
    const std::string_view name = text();
    if (i > 0 && name <= last) fail(Code::kNotCanonical);
    last = name;
    ++nodes_;
    skip_value(depth + 1);
  }
}

void CanonicalReader::skip_value(std::size_t depth) {
  ++nodes_;
  switch (peek()) {
    case Kind::kNil: ++at_; return;
    case Kind::kBoolean: ++at_; return;
    case Kind::kInteger: integer(); return;
    case Kind::kReal: real(); return;
    case Kind::kText: text(); return;
    case Kind::kArray:
    case Kind::kMap: break;
    case Kind::kBinary:
    case Kind::kNone: fail(Code::kMalformed); return;
  }
  if (depth >= depth_max_) return fail(Code::kTooLarge);
  deepest_ = std::max(deepest_, depth + 1);
  if (peek() == Kind::kMap) return skip_map(depth);
  const std::size_t size = array();
  for (std::size_t i = 0; i < size && !failed_; ++i) skip_value(depth + 1);
}

ByteView CanonicalReader::value() {
  const std::size_t from = at_;
  skip_value(0);
  return failed_ ? ByteView{} : in_.subspan(from, at_ - from);
}

}  // namespace lanyard
