#pragma once

#include <chrono>
#include <cstdint>

namespace lanyard::storage {

/// What is to be known of a WAL outside.
struct WalState {
  std::uint64_t bytes = 0;
  /// Some other program, or connection, has read an older state for so long that what was written
  /// since then cannot be copied into the file.
  bool is_held = false;
  /// As long as it may become for what can wait: peers are not asked for more.
  bool is_full = false;
  /// Something is to be done about it within kWalLookEvery.
  bool wants_look = false;
  friend bool operator==(const WalState&, const WalState&) = default;
};

/// How often a WAL that could not be copied is tried again while nobody writes.
inline constexpr std::chrono::seconds kWalLookEvery{1};

/// How long a WAL becomes until it is copied into its file: copies are rare, and one writes each
/// page once however often it changed.
inline constexpr std::uint64_t kWalLongBytes = 256 << 20;

}  // namespace lanyard::storage
