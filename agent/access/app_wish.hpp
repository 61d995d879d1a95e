#pragma once

#include <string>
#include <vector>

#include "replication/types/result.hpp"

/// What an app asks for, and what a person makes of it. Text in it comes from anywhere. Pure.
namespace lanyard::agent {

inline constexpr std::size_t kWishNameBytesMax = 64;  ///< of the app, and of each space
inline constexpr std::size_t kWishWhyBytesMax = 300;  ///< two sentences
/// A person reads them all before saying yes; who needs more asks for all.
inline constexpr std::size_t kWishSpacesMax = 16;

struct AppWish {
  std::string app;
  std::string origin;               ///< of the pages that are to use it; empty: a program
  std::vector<std::string> spaces;  ///< names or ids, as the app calls them, each once
  bool all_spaces = false;
  bool may_write = false;
  std::string why;  ///< in the app's words; may be empty
};

/// kUsage for what nobody could decide about: no spaces, a name that is empty or long, and text
/// that shows as something else than it is (control characters, invisible ones, ones that turn text
/// around).
[[nodiscard]] Status check_app_wish(const AppWish& wish);

/// What a person takes away of a wish before granting it.
struct Narrowing {
  bool read_only = false;
  std::vector<std::string> spaces;  ///< only these of those that were asked for; empty: all those
};

/// Never more than the wish. kUsage for a space that was not asked for.
[[nodiscard]] Result<AppWish> narrowed(AppWish wish, const Narrowing& narrowing);

}  // namespace lanyard::agent
