#include "agent/access/app_wish.hpp"

#include <algorithm>
#include <set>

#include "agent/access/origin.hpp"
#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

/// Whether it shows as it is.
bool is_plain(std::string_view text) { return display_text(text) == text; }

Status check_wish_name(std::string_view what, std::string_view name) {
  const bool is_good = !name.empty() && name.size() <= kWishNameBytesMax && is_plain(name) &&
                       name.front() != ' ' && name.back() != ' ';
  if (is_good) return {};
  return fail(Code::kUsage, "the name of " + std::string(what) + " is not one that can be shown",
              "Use 1 to 64 bytes of visible text.");
}

}  // namespace

Status check_app_wish(const AppWish& wish) {
  LANYARD_TRY(check_wish_name("the app", wish.app));
  if (!wish.origin.empty() && !is_origin(wish.origin))
    return fail(Code::kUsage, "the origin is not one as browsers send it",
                "Give scheme, host and port of the page and nothing behind them, in small letters: "
                "http://localhost:5173");
  if (wish.all_spaces == !wish.spaces.empty())
    return fail(Code::kUsage, "a request names spaces, or asks for all of them",
                "Give \"spaces\" with at least one name, or \"allSpaces\": true.");
  if (wish.spaces.size() > kWishSpacesMax)
    return fail(Code::kUsage, "a request names at most 16 spaces",
                "Ask for all, or for fewer of them.");
  std::set<std::string_view> met;
  for (const std::string& space : wish.spaces) {
    LANYARD_TRY(check_wish_name("a space", space));
    if (!met.insert(space).second) return fail(Code::kUsage, "a space is named twice");
  }
  if (wish.why.size() > kWishWhyBytesMax || !is_plain(wish.why))
    return fail(Code::kUsage, "the reason is not one that can be shown",
                "Use at most 300 bytes of visible text, on one line.");
  return {};
}

Result<AppWish> narrowed(AppWish wish, const Narrowing& narrowing) {
  if (narrowing.read_only) wish.may_write = false;
  if (narrowing.spaces.empty()) return wish;
  for (const std::string& space : narrowing.spaces) {
    const bool was_asked_for = wish.all_spaces || std::find(wish.spaces.begin(), wish.spaces.end(),
                                                            space) != wish.spaces.end();
    if (!was_asked_for)
      return fail(Code::kUsage, "the app did not ask for the space \"" + space + "\"",
                  "Name spaces as it does; lanyard apps shows them.");
  }
  wish.spaces = narrowing.spaces;
  wish.all_spaces = false;
  return wish;
}

}  // namespace lanyard::agent
