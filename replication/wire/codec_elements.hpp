#pragma once

#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <msgpack.hpp>

#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"
#include "replication/wire/codec_parts.hpp"

/// For codec_read.cpp alone: what msgpack-cxx has parsed, read element by element.
namespace lanyard::wire {

using msgpack::type::object_type;

constexpr std::size_t kBinaryMax = limits::kPayloadBytesMax;
static_assert(kBinaryMax >= limits::kPackPartBytesMax);

/// What the reading of one message has come to.
struct Reading {
  Naming& naming;
  std::optional<Code> wrong;

  void fail(Code code) {
    if (!wrong) wrong = code;
  }
};

/// The elements of one array, read one after the other. The first mistake anywhere spoils the whole
/// message; what is read after it is empty.
class Elements {
 public:
  Elements(const msgpack::object& array, Reading& reading) : reading_(reading) {
    require(array.type == object_type::ARRAY);
    if (reading_.wrong) return;
    at_ = array.via.array.ptr;
    left_ = array.via.array.size;
  }

  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] bool more() const { return left_ > 0 && !reading_.wrong; }
  void refuse(Code code) { reading_.fail(code); }
  void require(bool condition) {
    if (!condition) refuse(Code::kMalformed);
  }

  bool boolean() {
    const msgpack::object* element = take(object_type::BOOLEAN);
    return element != nullptr && element->via.boolean;
  }
  std::uint64_t natural() {
    const msgpack::object* element = take(object_type::POSITIVE_INTEGER);
    return element != nullptr ? element->via.u64 : 0;
  }
  std::int64_t integer() {
    if (next_is(object_type::NEGATIVE_INTEGER)) return take(object_type::NEGATIVE_INTEGER)->via.i64;
    const std::uint64_t value = natural();
    require(value <= static_cast<std::uint64_t>(INT64_MAX));
    return static_cast<std::int64_t>(value);
  }
  std::string text() {
    const msgpack::object* element = take(object_type::STR);
    if (element == nullptr) return {};
    const std::string_view text(element->via.str.ptr, element->via.str.size);
    if (text.size() > limits::kNameBytesMax) refuse(Code::kTooLarge);
    require(is_utf8(as_bytes(text)));
    return std::string(text);
  }
  /// Points into the message.
  ByteView binary(std::size_t bytes_max) {
    const msgpack::object* element = take(object_type::BIN);
    if (element == nullptr) return {};
    if (element->via.bin.size > bytes_max) refuse(Code::kTooLarge);
    return as_bytes({element->via.bin.ptr, element->via.bin.size});
  }
  template <class Fixed>
  Fixed fixed() {
    const auto out = Fixed::from(binary(kBinaryMax));
    require(out.has_value());
    return out.value_or(Fixed{});
  }
  /// An id, or the number of one that was met on this link.
  template <class Id>
  Id name() {
    if (next_is(object_type::BIN)) {
      const Id id = fixed<Id>();
      if (!reading_.wrong) reading_.naming.meet(id.view());
      return id;
    }
    const auto known = reading_.naming.at(natural());
    const auto out = known ? Id::from(*known) : std::nullopt;
    require(out.has_value());
    return out.value_or(Id{});
  }
  Seq seq() {
    const Seq out{natural()};
    require(out.value > 0);
    return out;
  }
  bool take_nil() { return next_is(object_type::NIL) && take(object_type::NIL) != nullptr; }
  Elements array(std::size_t size_max) {
    Elements inner(take_or_nil(object_type::ARRAY), reading_);
    if (inner.left_ > size_max) refuse(Code::kTooLarge);
    return inner;
  }
  Elements array_of(std::size_t size) {
    Elements inner(take_or_nil(object_type::ARRAY), reading_);
    require(inner.left_ == size);
    return inner;
  }

 private:
  [[nodiscard]] bool next_is(object_type type) const { return more() && at_->type == type; }
  const msgpack::object* take(object_type type) {
    require(next_is(type));
    if (reading_.wrong) return nullptr;
    --left_;
    return at_++;
  }
  msgpack::object take_or_nil(object_type type) {
    const msgpack::object* element = take(type);
    return element != nullptr ? *element : msgpack::object();
  }

  Reading& reading_;
  const msgpack::object* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace lanyard::wire
