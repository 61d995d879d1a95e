#include "agent/service/space_directory.hpp"

#include "agent/service/names.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRememberedMax = 10'000;

}  // namespace

void SpaceDirectory::find(const std::string& name, const Done<SpaceId>& done) {
  if (const auto known = known_.find(name); known != known_.end()) return done(known->second);
  ask_storage<SpaceId>(
      host_,
      [name](storage::Vault& vault) -> Result<SpaceId> {
        LANYARD_TRY_SET(const auto spaces, vault.spaces());
        LANYARD_TRY_SET(const storage::SpaceEntry space, resolve_space(spaces, name));
        return space.id;
      },
      [this, name, done](const Result<SpaceId>& found) {
        if (found && known_.size() < kRememberedMax) known_.emplace(name, *found);
        done(found);
      });
}

}  // namespace lanyard::agent
