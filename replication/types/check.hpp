#pragma once

namespace lanyard {

/// Prints the failed condition and the reason to standard error and aborts. For our own mistakes
/// only (style: errors, kind 1): what the world sends is a Result.
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file,
                               int line) noexcept;

}  // namespace lanyard

/// A condition that holds unless this program is wrong. Stays on in release builds.
#define LANYARD_CHECK(condition, why)                                 \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::lanyard::check_failed(#condition, (why), __FILE__, __LINE__); \
  } while (false)
