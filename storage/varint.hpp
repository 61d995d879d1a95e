#pragma once

#include "replication/merge/local_dot.hpp"
#include "replication/types/hlc.hpp"
#include "replication/types/result.hpp"

/// The numbers inside our blobs: LEB128, seven bits a byte, least significant first.
namespace lanyard::storage {

inline void write_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

inline void write_dot(Bytes& out, const merge::LocalDot& dot) {
  write_varint(out, dot.log);
  write_varint(out, dot.seq);
}

/// Number of dots, then each.
inline void write_dots(Bytes& out, const merge::DotSet& dots) {
  write_varint(out, dots.size());
  for (const merge::LocalDot& dot : dots) write_dot(out, dot);
}

/// 8 bytes, big-endian.
inline void write_stamp(Bytes& out, Hlc stamp) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(stamp.value >> shift));
}

/// Reads our own blobs. After the first mistake everything is zero and empty.
class BlobReader {
 public:
  explicit BlobReader(ByteView in) : in_(in) {}

  std::uint8_t byte() {
    if (at_ >= in_.size()) {
      failed_ = true;
      return 0;
    }
    return in_[at_++];
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if (next < 0x80) return failed_ ? 0 : value;
    }
    failed_ = true;
    return 0;
  }
  /// A number of things of which each takes at least a byte.
  std::size_t count() {
    const std::uint64_t value = varint();
    if (value > in_.size() - at_) failed_ = true;
    return failed_ ? 0 : value;
  }
  merge::LocalDot dot() {
    const std::uint64_t log = varint();
    return {static_cast<merge::LogNumber>(log), varint()};
  }
  merge::DotSet dots() {
    merge::DotSet out(count());
    for (merge::LocalDot& each : out) each = dot();
    return out;
  }
  Hlc stamp() {
    Hlc out;
    for (int i = 0; i < 8; ++i) out.value = out.value << 8 | byte();
    return out;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return at_ == in_.size(); }
  /// Everything was read and nothing was wrong.
  [[nodiscard]] Status finish(const char* what) const {
    if (failed_ || !at_end()) return fail(Code::kCorrupt, what);
    return {};
  }

 private:
  ByteView in_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace lanyard::storage
