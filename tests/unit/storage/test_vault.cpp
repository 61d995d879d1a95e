#include "tests/unit/storage/test_vault.hpp"

#include <set>

namespace lanyard::storage {
namespace {

/// The name of a disk that does not wait: what these tests ask is not whether it keeps anything.
std::string quick_disk() {
  static support::ShimDisk disk("quick");
  disk.skip_syncs();
  return disk.name();
}

}  // namespace

VaultDevice::VaultDevice()
    : identity_(crypto::Identity::make_ephemeral(rng_)),
      ciphers_(identity_, rng_),
      ports_{identity_, hasher_, ciphers_, rng_, verifier_} {
  options.data_dir = folder();
  options.marks = folder_ / "state" / "marks";
  options.digest_of = digest_of;
  options.vfs = quick_disk();
  options.report = [this](const SpaceId& space, const Error& error) {
    reported.emplace_back(space, error);
  };
}

Hash VaultDevice::digest_of(const VectorClock& clock) {
  Bytes bytes;
  for (const auto& [log, head] : clock) {
    append(bytes, log.view());
    append(bytes, head.hash.view());
  }
  return crypto::SodiumHasher().hash({bytes});
}

Result<std::unique_ptr<Vault>> VaultDevice::try_open() { return Vault::open(options, ports_); }

Vault& VaultDevice::open() {
  vault_.reset();
  vault_ = must(try_open());
  return *vault_;
}

void VaultDevice::crash() {
  copy_data("as-it-is");
  vault_.reset();
  overwrite_data("as-it-is");
}

void VaultDevice::copy_data(const std::string& name) const {
  fs::remove_all(folder_ / name);
  fs::copy(folder(), folder_ / name, fs::copy_options::recursive);
}

void VaultDevice::overwrite_data(const std::string& name) const {
  std::vector<fs::path> extra;
  for (const auto& each : fs::recursive_directory_iterator(folder()))
    if (!fs::exists(folder_ / name / each.path().lexically_relative(folder())))
      extra.push_back(each.path());
  for (const fs::path& each : extra) fs::remove_all(each);
  // Each file in its place, as `cp` writes over one that is there: it stays the same file.
  fs::copy(folder_ / name, folder(),
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

Result<Written> VaultDevice::try_write(const SpaceId& space, LocalOp op) {
  wall.ms += 1000;
  const auto store = vault_->space(space);
  if (!store) return fail(store.error());
  WriteOutcome outcome = (*store)->write({LocalChange{{std::move(op)}}}, wall);
  return std::move(outcome.answers.front());
}

SpaceEntry VaultDevice::entry(const SpaceId& space) {
  for (SpaceEntry& each : must(vault_->spaces()))
    if (each.id == space) return each;
  FAIL("the space is not listed");
  return {};
}

VectorClock VaultDevice::clock(const SpaceId& space) {
  return must(vault_->space(space))->state().log.clock();
}

void VaultDevice::pull(VaultDevice& other, const SpaceId& space) {
  must(vault_->join_space(space, other.id(), wall));
  SpaceStore& store = *must(vault_->space(space));
  if (store.state().grants.empty()) {
    const SignedGrant grant = must(must(other.vault().space(space))->grant_for(id()));
    const auto ops = oplog::read_open(grant.payload);
    REQUIRE(ops);
    for (const oplog::OpenOp& op : *ops) {
      const auto* admit = std::get_if<oplog::Admit>(&op);
      if (admit == nullptr) continue;
      for (const oplog::Grant& each : admit->grants)
        must(store.keep_grant(each.epoch, each.sealed));
    }
  }
  must(try_pull(other, space));
  must(vault_->refresh_space(space));
}

Status VaultDevice::try_pull(VaultDevice& other, const SpaceId& space) {
  SpaceStore& store = *must(vault_->space(space));
  const SpaceState state = store.state();
  auto cipher = ciphers_.make();
  for (const auto& [epoch, sealed] : state.grants)
    static_cast<void>(cipher->take_grant(epoch, sealed));
  oplog::Intake intake(id(), state.log, *cipher, hasher_, verifier_);
  LogSlice slice;
  while (!slice.at_end) {
    slice = must(
        must(other.vault().space(space))->read_log(slice.next, state.log.clock(), 1 << 20, false));
    for (const Bytes& pack : slice.packs) {
      const oplog::Accepted accepted = must(intake.accept(pack));
      LANYARD_TRY(store.apply({&accepted}, wall));
    }
  }
  return {};
}

std::size_t VaultDevice::open_files() const {
  std::set<std::string> open;
  for (const auto& each : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = fs::read_symlink(each.path(), ignored).string();
    if (target.starts_with(folder().string()) && target.ends_with(".db")) open.insert(target);
  }
  return open.size();
}

SpaceId home_of(VaultDevice& device) { return must(device.vault().home(device.wall)).id; }

void pair(VaultDevice& joiner, VaultDevice& host) {
  const SpaceId to = home_of(host);
  must(joiner.vault().pair({host.id(), "host", "", HomePlan::kMove, to}, joiner.wall));
  must(
      host.vault().pair({joiner.id(), "joiner", "", HomePlan::kShare, home_of(joiner)}, host.wall));
}

void finish_upkeep(VaultDevice& device) {
  while (device.vault().upkeep(device.wall)) {
  }
}

}  // namespace lanyard::storage
