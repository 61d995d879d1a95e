#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "replication/ports.hpp"
#include "replication/types/bytes.hpp"

namespace lanyard::crypto {

/// Overwrites with zeros in a way that the compiler does not leave out.
void wipe(std::span<std::uint8_t> bytes) noexcept;

/// Takes the same time wherever two byte strings of one size differ. False at once for other sizes.
[[nodiscard]] bool equal_in_constant_time(ByteView left, ByteView right) noexcept;

/// N bytes that nobody may see: a key or a seed. Wiped when destroyed and when moved from, never
/// copied, never printed, compared in constant time. There is no conversion to anything: whoever
/// needs the bytes writes view() or writable() and can be found by it.
template <std::size_t N>
class Secret {
 public:
  static constexpr std::size_t kSize = N;

  /// All zeros, to be filled through writable().
  Secret() = default;
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    wipe(other.bytes_);
    return *this;
  }

  [[nodiscard]] static Secret random(Rng& rng) {
    Secret secret;
    rng.fill(secret.bytes_);
    return secret;
  }
  /// Nothing if `bytes` has another size. The caller wipes the original.
  [[nodiscard]] static std::optional<Secret> from(ByteView bytes) {
    if (bytes.size() != N) return std::nullopt;
    std::optional<Secret> secret(std::in_place);
    std::copy(bytes.begin(), bytes.end(), secret->bytes_.begin());
    return secret;
  }

  [[nodiscard]] ByteView view() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t> writable() { return bytes_; }

  [[nodiscard]] friend bool operator==(const Secret& left, const Secret& right) {
    return equal_in_constant_time(left.bytes_, right.bytes_);
  }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

}  // namespace lanyard::crypto
