#include "agent/service/space_directory.hpp"

#include <algorithm>

#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRememberedMax = 10'000;

}  // namespace

void SpaceDirectory::find(const std::string& name, const MaySee& may_see,
                          const Done<SpaceId>& done) {
  const auto known = known_.find(name);
  if (known != known_.end() && (!may_see || may_see(known->second))) return done(known->second);
  std::vector<Waiting>& waiting = asked_[name];
  waiting.push_back({may_see, done});
  if (waiting.size() > 1) return;
  ask_storage<std::vector<storage::SpaceEntry>>(
      host_, [](storage::Vault& vault) { return vault.spaces(); },
      [this, name](const Result<std::vector<storage::SpaceEntry>>& spaces) {
        if (!spaces) return answer(name, std::nullopt, fail(spaces.error()));
        const auto found = find_space(*spaces, name);
        const auto& all = asked_[name];
        // Names that are near are looked for where somebody may know them.
        const bool wants_near =
            std::any_of(all.begin(), all.end(), [](const Waiting& each) { return !each.may_see; });
        if (found || !wants_near) return answer(name, found, fail(Code::kNotFound, ""));
        const auto why = resolve_space(*spaces, name);
        answer(name, std::nullopt, why ? Result<SpaceId>(why->id) : fail(why.error()));
      });
}

void SpaceDirectory::answer(const std::string& name, const std::optional<SpaceId>& found,
                            const Result<SpaceId>& said) {
  const auto waiting = std::move(asked_.extract(name).mapped());
  const auto may_see = [&](const Waiting& each) {
    return found && (!each.may_see || each.may_see(*found));
  };
  // By its id too: that is how those who asked go on, and whoever comes next is not to pass them.
  if (std::any_of(waiting.begin(), waiting.end(), may_see) && known_.size() < kRememberedMax) {
    known_.emplace(name, *found);
    known_.emplace(to_text(*found), *found);
  }
  const bool has_failed = !said && !said.error().is(Code::kNotFound);
  for (const Waiting& each : waiting) {
    if (may_see(each)) {
      each.done(*found);
    } else if (each.may_see && !has_failed) {
      each.done(fail(Code::kNotFound, ""));  // whatever others are told of it
    } else {
      each.done(said);
    }
  }
}

}  // namespace lanyard::agent
