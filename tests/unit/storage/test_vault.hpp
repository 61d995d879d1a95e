#pragma once

#include "crypto/identity.hpp"
#include "crypto/space_keys.hpp"
#include "replication/types/check.hpp"
#include "storage/vault.hpp"
#include "tests/support/shim_disk.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// What the tests of the vault share: devices with a data folder each.
namespace lanyard::storage {

/// One device: its keys and its data folder.
class VaultDevice {
 public:
  VaultDevice();

  /// (Again.) The old vault is closed first.
  Vault& open();
  [[nodiscard]] Result<std::unique_ptr<Vault>> try_open();
  /// Gives the vault away, to a storage thread.
  [[nodiscard]] std::unique_ptr<Vault> take() { return std::move(vault_); }
  void close() { vault_.reset(); }
  /// Leaves the folder as a process that was killed would: nothing is closed. open() goes on.
  void crash();
  /// The data folder as it is now, under a name; and back, into the same files.
  void copy_data(const std::string& name) const;
  void overwrite_data(const std::string& name) const;
  [[nodiscard]] fs::path place(const std::string& name) const { return folder_ / name; }

  [[nodiscard]] Vault& vault() { return *vault_; }
  [[nodiscard]] DeviceId id() const { return identity_.device(); }
  [[nodiscard]] fs::path folder() const { return folder_ / "data"; }
  [[nodiscard]] fs::path platform() const { return folder() / "platform.sqlite"; }
  [[nodiscard]] static Hash digest_of(const VectorClock& clock);

  SpaceId create(const std::string& name) { return must(vault_->create_space(name, wall)).id; }
  Result<Written> try_write(const SpaceId& space, LocalOp op);
  Written write(const SpaceId& space, LocalOp op) { return must(try_write(space, std::move(op))); }
  [[nodiscard]] SpaceEntry entry(const SpaceId& space);
  [[nodiscard]] std::string name_of(const SpaceId& space) { return entry(space).name; }
  [[nodiscard]] VectorClock clock(const SpaceId& space);
  /// Joins the space if it is not here, takes from `other` all that it has of it, refreshes.
  void pull(VaultDevice& other, const SpaceId& space);
  /// The same of a space that is here; ends at the first pack that is not taken, and says why.
  Status try_pull(VaultDevice& other, const SpaceId& space);
  /// Of the open files of this process, those that are space files of this device.
  [[nodiscard]] std::size_t open_files() const;

  Vault::Options options;
  WallTime wall{1'700'000'000'000};
  std::vector<std::pair<SpaceId, Error>> reported;

 private:
  TemporaryFolder folder_;
  crypto::SystemRng rng_;
  crypto::SodiumHasher hasher_;
  crypto::SodiumVerifier verifier_;
  crypto::Identity identity_;
  crypto::SpaceKeysFactory ciphers_;
  Ports ports_;
  std::unique_ptr<Vault> vault_;
};

/// The space that the device calls `default`, made if there is none yet.
[[nodiscard]] SpaceId home_of(VaultDevice& device);
/// Upkeep until it has nothing more to do.
void finish_upkeep(VaultDevice& device);
/// The joiner gives its default up for the host's, as the pairing dialogue has both do it. It moves
/// once the joiner has pulled the host's.
void pair(VaultDevice& joiner, VaultDevice& host);

}  // namespace lanyard::storage
