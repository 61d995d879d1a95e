#include "agent/service/space_directory.hpp"

#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRememberedMax = 10'000;

}  // namespace

void SpaceDirectory::find(const std::string& name, const Done<SpaceId>& done) {
  if (const auto known = known_.find(name); known != known_.end()) return done(known->second);
  std::vector<Done<SpaceId>>& waiting = asked_[name];
  waiting.push_back(done);
  if (waiting.size() > 1) return;
  ask_storage<SpaceId>(
      host_,
      [name](storage::Vault& vault) -> Result<SpaceId> {
        LANYARD_TRY_SET(const auto spaces, vault.spaces());
        LANYARD_TRY_SET(const storage::SpaceEntry space, resolve_space(spaces, name));
        return space.id;
      },
      [this, name](const Result<SpaceId>& found) { answer(name, found); });
}

void SpaceDirectory::answer(const std::string& name, const Result<SpaceId>& found) {
  const auto waiting = std::move(asked_.extract(name).mapped());
  // By its id too: that is how those who asked go on, and whoever comes next is not to pass them.
  if (found && known_.size() < kRememberedMax) {
    known_.emplace(name, *found);
    known_.emplace(to_text(*found), *found);
  }
  for (const Done<SpaceId>& done : waiting) done(found);
}

}  // namespace lanyard::agent
