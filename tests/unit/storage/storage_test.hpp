#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "crypto/sodium.hpp"
#include "replication/types/json_text.hpp"
#include "storage/store.hpp"
#include "tests/support/chance.hpp"
#include "tests/support/sim_ports.hpp"

/// What the tests of storage/ share: devices with a file each, and short ways to write and to sync.
namespace lanyard::storage {

using nlohmann::json;
namespace fs = std::filesystem;

/// A folder of its own, gone when this is.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The value, or the test fails with the error's detail.
template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().code.message() + ": " + result.error().detail);
  return std::move(*result);
}
inline void must(const Status& status) {
  if (!status) FAIL(status.error().code.message() + ": " + status.error().detail);
}
template <class T>
std::error_code code_of(const Result<T>& result) {
  return result ? std::error_code() : result.error().code;
}

[[nodiscard]] Bytes value(const std::string& text);
[[nodiscard]] LocalOp put(const std::string& key, const json& fields,
                          const std::string& collection = "notes");
[[nodiscard]] LocalOp patch(const std::string& key, const json& fields);
[[nodiscard]] LocalOp unset(const std::string& key, std::vector<std::string> names);
[[nodiscard]] LocalOp remove(const std::string& key);
[[nodiscard]] LocalOp add(const std::string& key, const std::string& field, std::int64_t amount);
[[nodiscard]] LocalOp set_op(oplog::OpKind kind, const std::string& key, const std::string& field,
                             const json& element);
[[nodiscard]] LocalOp clear(const std::string& collection = "notes");
[[nodiscard]] LocalOp restore(const std::string& key);

/// One device and its file of one space, with what the network thread keeps of it.
class Device {
 public:
  Device(const std::string& name, fs::path file, const SpaceId& space);

  /// (Again.) The old store is closed first.
  void open(const SpaceStore::Options& options = {});
  [[nodiscard]] Result<std::unique_ptr<SpaceStore>> try_open(
      const SpaceStore::Options& options = {});
  void close() { store_.reset(); }

  [[nodiscard]] SpaceStore& store() { return *store_; }
  [[nodiscard]] const DeviceId& id() const { return id_; }
  [[nodiscard]] const Ports& ports() const { return ports_; }
  [[nodiscard]] const fs::path& file() const { return file_; }
  [[nodiscard]] const SpaceId& space() const { return space_; }
  [[nodiscard]] VectorClock clock() const { return store_->state().log.clock(); }

  Result<Written> try_write(std::vector<LocalOp> ops);
  Written write(std::vector<LocalOp> ops) { return must(try_write(std::move(ops))); }
  Written write(LocalOp op) { return write(std::vector{std::move(op)}); }

  /// Takes from `other` all that it has and we do not, in slices of about `slice_bytes`; the packs
  /// of a slice in one transaction. `chance`: sometimes only a part, with random cuts.
  void pull(Device& other, std::size_t slice_bytes = 1 << 20);
  /// The keys that `other` was told to give us.
  void take_grant(Device& other);
  /// Proves packs and applies them in one transaction.
  Result<ApplyOutcome> take(const std::vector<Bytes>& packs);

  [[nodiscard]] std::string state_hash() { return to_hex(must(store_->state_hash()).view()); }
  [[nodiscard]] CheckReport check();
  [[nodiscard]] std::size_t signatures_verified() const { return verifier_.asked(); }

  WallTime wall{1'700'000'000'000};

 private:
  DeviceId id_;
  fs::path file_;
  SpaceId space_;
  support::Chance rng_;
  support::SimSigner signer_;
  support::SimCipherFactory ciphers_;
  support::SimVerifier verifier_;
  crypto::SodiumHasher hasher_;
  Ports ports_;
  std::unique_ptr<Cipher> network_cipher_;
  std::unique_ptr<oplog::Intake> intake_;
  std::unique_ptr<SpaceStore> store_;
};

/// Devices of one space: the first founds it and admits the others, which hold its grants.
class Group {
 public:
  explicit Group(std::size_t count);
  Device& operator[](std::size_t index) { return *devices_[index]; }
  [[nodiscard]] std::size_t size() const { return devices_.size(); }
  /// Everyone pulls from everyone, twice.
  void sync();
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::vector<std::unique_ptr<Device>> devices_;
};

/// Takes the file back to version 5 of its schema, where a log's context stood in a blob: in the
/// order of their numbers how much was held of each log, its own up to the last change but one.
void make_version_5(const fs::path& file);

/// All rows of a statement as the sqlite3 of a user would see them, as JSON arrays.
[[nodiscard]] json rows_of(const fs::path& file, const std::string& sql);

}  // namespace lanyard::storage
