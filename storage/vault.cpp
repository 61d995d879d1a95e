#include <malloc.h>

#include "replication/types/limits.hpp"
#include "storage/file_vault.hpp"
#include "storage/names.hpp"

namespace lanyard::storage {
namespace {

/// How soon room is found that somebody made on the disk.
constexpr std::chrono::seconds kRoomLookEvery{2};

/// What a busy hour took, the C library would keep for good; an agent is idle most of its life.
void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace

Result<std::unique_ptr<Vault>> Vault::open(Options options, const Ports& ports) {
  LANYARD_TRY(prepare_data_folder(options.data_dir));
  LANYARD_TRY_SET(Platform platform, Platform::open(options.data_dir / "platform.sqlite",
                                                    ports.signer.device(), options.vfs));
  LANYARD_TRY_SET(const std::vector<SpaceId> dirty, platform.dirty_spaces());
  if (!options.disk_space) options.disk_space = disk_space_of;
  LANYARD_TRY_SET(auto parts, platform.parts());
  auto vault =
      std::make_unique<FileVault>(std::move(options), ports, std::move(platform),
                                  std::set<SpaceId>(dirty.begin(), dirty.end()), std::move(parts));
  LANYARD_TRY(vault->remove_left_copies());
  LANYARD_TRY(vault->end_drops());
  LANYARD_TRY(vault->load_excesses());
  LANYARD_TRY(vault->drop_unfounded());
  LANYARD_TRY(vault->look_over());
  return vault;
}

FileVault::FileVault(Options options, const Ports& ports, Platform platform,
                     std::set<SpaceId> dirty, std::map<SpaceId, SpaceId> parts)
    : options_(std::move(options)),
      ports_(ports),
      platform_(std::move(platform)),
      marks_(options_.marks, options_.data_dir, ports_.hasher),
      files_([this](const SpaceId& space, WatchedStore& store) { before_close(space, store); }),
      dirty_(std::move(dirty)),
      parts_(std::move(parts)) {}

FileVault::~FileVault() { close(); }

void FileVault::close() {
  if (std::exchange(is_closed_, true)) return;
  files_.close_all();
  platform_.close();
}

// ---- access tokens

Result<std::vector<TokenEntry>> FileVault::tokens() { return platform_.tokens(); }

Status FileVault::add_token(const TokenEntry& token) {
  LANYARD_TRY(check_name(token.app));
  if (!token.user.empty()) LANYARD_TRY(check_name(token.user));
  if (token.spaces.size() > limits::kTokenSpacesMax)
    return fail(Code::kTooLarge,
                "a token names at most " + std::to_string(limits::kTokenSpacesMax) + " spaces",
                "Give it all spaces, or make two.");
  return platform_.add_token(token);
}

Status FileVault::add_right(const TokenId& token, const SpaceId& space) {
  return platform_.add_right(token, {space, true});
}

Status FileVault::revoke_token(const TokenId& token) { return platform_.revoke_token(token); }

Status FileVault::used_tokens(const std::vector<TokenUse>& uses) {
  return platform_.used_tokens(uses);
}

// ---- progress and settings

Status FileVault::acknowledged(const DeviceId& device, const SpaceId& space,
                               const VectorClock& durable, WallTime now) {
  return platform_.acknowledged(device, space, durable, now);
}

Result<std::vector<PeerProgress>> FileVault::progress() { return platform_.progress(); }

Result<std::map<DeviceId, std::int64_t>> FileVault::told_ms() { return platform_.told_ms(); }

Result<std::map<SpaceId, SpaceCounts>> FileVault::counts() {
  // No more than a crash leaves; after an update there may be all of them, in upkeep's time.
  for (std::size_t i = 0; i < limits::kOpenSpacesMax && settle_one(); ++i) {
  }
  LANYARD_TRY_SET(auto counts, platform_.counts());
  for (const SpaceId& space : dirty_) {
    WatchedStore* const store = files_.look_at(space);
    const auto place = counts.find(space);
    if (store == nullptr || place == counts.end()) continue;
    const auto sums = store->sums();
    if (!sums) continue;  // a disk that fails: the store has noted it
    LANYARD_TRY_SET(place->second, platform_.counts_of(space, *sums));
  }
  return counts;
}

Result<std::optional<std::string>> FileVault::setting(const std::string& key) {
  return platform_.setting(key);
}

Status FileVault::set_setting(const std::string& key, const std::string& value) {
  return platform_.set_setting(key, value);
}

// ---- upkeep

bool FileVault::upkeep(WallTime now) {
  if (!has_room_) static_cast<void>(room_to_write());  // whoever is linked is asked again then
  if (is_room_untold_) tell_room();
  files_.tend_wals();
  if (files_.close_idle(now)) {
    give_back_memory();
    return true;
  }
  if (files_.sync_mark(now) || look_at_forsaken() || settle_one()) return true;
  WatchedStore* const store = files_.wanting_tidy();
  if (store == nullptr) return false;
  static_cast<void>(store->tidy());  // what fails is found again, and reported, at the next use
  return true;
}

std::optional<std::chrono::milliseconds> FileVault::upkeep_within() const {
  if (!has_room_ || is_room_untold_) return kRoomLookEvery;
  if (files_.count() == 0) return std::nullopt;
  if (files_.wants_look()) return kWalLookEvery;
  return limits::kSpaceIdleClose;
}

void FileVault::report(const SpaceId& space, const Error& error) const {
  if (options_.report) options_.report(space, error);
}

}  // namespace lanyard::storage
