#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "storage/compat_store.hpp"

/// Which page of a client it is that posts something (docs/adr/0027): pages of one browser can be
/// told apart by what they say alone. Pure.
namespace lanyard::agent {

using storage::PartName;

/// What a page says of a whole: a chat with its messages, a setting with its notes.
struct SaidWhole {
  std::map<PartName, storage::ContentHash> parts;
  std::optional<std::int64_t> updated_at;
  std::set<PartName> there;  ///< parts that were there before it was said
};

/// Indexes of states.
struct PageGuess {
  /// In which its page may have been.
  std::vector<std::size_t> possible;
  /// The one that it says again; the only possible one, unless a page may have left it.
  std::optional<std::size_t> same;
  /// There are states, and it is older than all of them.
  bool is_old = false;
  /// The page is where it was.
  [[nodiscard]] bool is_unmoved() const { return same && possible.size() == 1; }
};
/// A page was in none of the states that are newer than what it says; nor in one that lacks
/// something which it has, and which was there: it was not given that there.
[[nodiscard]] PageGuess guess_page(const std::vector<storage::PageState>& states,
                                   const SaidWhole& said);

/// Of a whole that is not there any more: who says nothing of what a state had in it has not gone
/// on from there, but begins anew.
void leave_out_strangers(const std::vector<storage::PageState>& states, const SaidWhole& said,
                         PageGuess& guess);

/// The base of one record for a page that may have had any of these versions of it. A member that
/// is as in one of them is no edit; a version is left out where another one explains more. What not
/// all have the page cannot have taken away. The version is the oldest: what one of them has not
/// seen is not taken for seen. `returned`: the number of the version that the page would have come
/// back to, against which nothing is compared. `bases`: not empty.
[[nodiscard]] storage::SeenVersion common_base(std::vector<storage::SeenVersion> bases,
                                               const std::vector<storage::SeenMember>& said,
                                               std::optional<std::int64_t> returned);

}  // namespace lanyard::agent
