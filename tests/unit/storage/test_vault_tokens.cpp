#include "replication/types/limits.hpp"
#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

SpaceId a_space(std::uint8_t number) {
  SpaceId id;
  id.bytes.fill(number);
  return id;
}

TokenEntry a_token(std::uint8_t number, std::vector<SpaceRight> spaces = {}) {
  TokenEntry token;
  token.id.bytes.fill(number);
  token.hash.bytes.fill(number);
  token.app = "app " + std::to_string(number);
  token.spaces = std::move(spaces);
  token.created_ms = 1000;
  return token;
}

/// A data folder whose platform.sqlite was written by the first version: one device, one setting.
void make_version_1(const VaultDevice& device) {
  fs::create_directory(device.folder());
  fs::permissions(device.folder(), fs::perms::owner_all);
  Database old = must(Database::open(device.platform(), Database::Mode::kCreate, {}));
  must(old.execute(std::string(platform_migrations().front().sql) +
                   "PRAGMA user_version=1;PRAGMA application_id=1280203088;"
                   "INSERT INTO lanyard_settings VALUES ('port', '7761');"
                   "INSERT INTO lanyard_devices VALUES (zeroblob(32), 'pi', '', 0, 5, 6, 1);"));
}

}  // namespace

TEST_CASE("a token is what it was after a restart") {
  VaultDevice device;
  Vault& vault = device.open();
  CHECK(must(vault.tokens()).empty());
  TokenEntry everything = a_token(1);
  everything.all_spaces = true;
  everything.may_write = true;
  everything.origin = "http://localhost:5173";
  everything.expires_ms = 9000;
  TokenEntry some = a_token(2, {{a_space(3), true}, {a_space(4), false}});
  some.may_manage = true;
  some.user = "ann";
  must(vault.add_token(some));
  must(vault.add_token(everything));
  CHECK(must(device.open().tokens()) == std::vector{everything, some});
  device.crash();
  CHECK(must(device.open().tokens()) == std::vector{everything, some});
}

TEST_CASE("no two tokens have one id or one text") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_token(a_token(1)));
  TokenEntry same_id = a_token(2);
  same_id.id = a_token(1).id;
  TokenEntry same_text = a_token(2);
  same_text.hash = a_token(1).hash;
  CHECK(code_of(vault.add_token(same_id)) == Code::kExists);
  CHECK(code_of(vault.add_token(same_text)) == Code::kExists);
  CHECK(must(vault.tokens()) == std::vector{a_token(1)});
}

TEST_CASE("a token may use what was made with it, also after a crash") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_token(a_token(1, {{a_space(3), false}})));
  must(vault.add_right(a_token(1).id, a_space(2)));
  CHECK(code_of(vault.add_right(a_token(9).id, a_space(2))) == Code::kNotFound);
  device.crash();
  Vault& again = device.open();
  CHECK(must(again.tokens()) == std::vector{a_token(1, {{a_space(2), true}, {a_space(3), false}})});
  for (std::size_t named = 2; named < limits::kTokenSpacesMax; ++named) {
    SpaceId other;
    other.bytes.fill(9);
    other.bytes[0] = static_cast<std::uint8_t>(named >> 8);
    other.bytes[1] = static_cast<std::uint8_t>(named);
    must(again.add_right(a_token(1).id, other));
  }
  CHECK(code_of(again.add_right(a_token(1).id, a_space(8))) == Code::kTooLarge);
}

TEST_CASE("a token needs a name, and names so many spaces at most") {
  VaultDevice device;
  Vault& vault = device.open();
  for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a\nb")}) {
    TokenEntry token = a_token(1);
    token.app = name;
    CHECK(code_of(vault.add_token(token)) == Code::kUsage);
  }
  TokenEntry wide = a_token(1);
  for (std::size_t each = 0; each < 10 * limits::kTokenSpacesMax; ++each) {
    SpaceRight& right = wide.spaces.emplace_back();
    right.space.bytes[0] = static_cast<std::uint8_t>(each >> 8);
    right.space.bytes[1] = static_cast<std::uint8_t>(each);
  }
  CHECK(code_of(vault.add_token(wide)) == Code::kTooLarge);
  wide.spaces.resize(limits::kTokenSpacesMax + 1);
  CHECK(code_of(vault.add_token(wide)) == Code::kTooLarge);
  wide.spaces.pop_back();
  must(vault.add_token(wide));
  CHECK(must(vault.tokens()) == std::vector{wide});
}

TEST_CASE("there are so many tokens and no more, until one is revoked") {
  VaultDevice device;
  Vault& vault = device.open();
  const auto numbered = [](std::size_t number) {
    TokenEntry token = a_token(1);
    for (std::uint8_t* bytes : {token.id.bytes.data(), token.hash.bytes.data()}) {
      bytes[0] = static_cast<std::uint8_t>(number >> 8);
      bytes[1] = static_cast<std::uint8_t>(number);
    }
    return token;
  };
  for (std::size_t each = 0; each < limits::kTokensMax; ++each)
    must(vault.add_token(numbered(each)));
  for (std::size_t each = limits::kTokensMax; each < 10 * limits::kTokensMax; ++each)
    REQUIRE(code_of(vault.add_token(numbered(each))) == Code::kTooLarge);
  const auto refused = vault.add_token(numbered(limits::kTokensMax));
  REQUIRE(code_of(refused) == Code::kTooLarge);
  CHECK(refused.error().fix.find("token list") != std::string::npos);
  must(vault.revoke_token(numbered(7).id));
  must(vault.add_token(numbered(limits::kTokensMax)));
}

TEST_CASE("a token that is revoked is gone with its rights, also after a crash") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_token(a_token(1, {{a_space(3), true}})));
  must(vault.add_token(a_token(2, {{a_space(3), false}})));
  must(vault.revoke_token(a_token(1).id));
  CHECK(code_of(vault.revoke_token(a_token(1).id)) == Code::kNotFound);
  device.crash();
  CHECK(must(device.open().tokens()) == std::vector{a_token(2, {{a_space(3), false}})});
  // Nothing is left that a token of the same id would get.
  must(device.vault().add_token(a_token(1)));
  CHECK(must(device.vault().tokens()).front() == a_token(1));
}

TEST_CASE("the last use of a token only moves on, and a revoked one does not come back") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_token(a_token(1)));
  must(vault.used_tokens({{a_token(1).id, 5000}, {a_token(9).id, 6000}}));
  must(vault.used_tokens({{a_token(1).id, 4000}}));
  must(vault.used_tokens({}));
  TokenEntry used = a_token(1);
  used.last_used_ms = 5000;
  CHECK(must(device.open().tokens()) == std::vector{used});
}

TEST_CASE("rights in a default that moves are rights in the one that it is a part of") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  const SpaceId other = laptop.create("other");
  const auto token = [&](std::uint8_t number, std::vector<SpaceRight> spaces) {
    std::sort(spaces.begin(), spaces.end());
    return a_token(number, std::move(spaces));
  };
  must(laptop.vault().add_token(token(1, {{old, true}, {other, false}})));
  must(laptop.vault().add_token(token(2, {{old, false}})));
  must(laptop.vault().add_token(token(3, {{old, true}, {common, false}})));
  must(laptop.vault().add_token(token(4, {{old, false}, {common, true}})));
  must(laptop.vault().add_token(token(5, {{other, true}})));
  pair(laptop, pi);
  laptop.pull(pi, common);
  while (must(laptop.vault().move_home(laptop.wall)).state != HomeMove::State::kOver) {
  }
  CHECK(must(laptop.open().tokens()) ==
        std::vector{token(1, {{common, true}, {other, false}}), token(2, {{common, false}}),
                    token(3, {{common, true}}), token(4, {{common, true}}),
                    token(5, {{other, true}})});
}

TEST_CASE("a platform file of the first version keeps its rows and takes tokens") {
  VaultDevice device;
  make_version_1(device);
  Vault& vault = device.open();
  CHECK(must(vault.setting("port")) == "7761");
  const auto devices = must(vault.devices());
  REQUIRE(devices.size() == 1);
  CHECK(devices.front().name == "pi");
  must(vault.add_token(a_token(1)));
  CHECK(must(device.open().tokens()) == std::vector{a_token(1)});
}

TEST_CASE("the platform file from before an update is kept beside it, for its owner alone") {
  VaultDevice device;
  make_version_1(device);
  const fs::path kept = device.platform().string() + ".before-update";
  device.open();
  CHECK((fs::status(kept).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  must(device.vault().set_setting("port", "9"));
  device.open();
  Database before = must(Database::open(kept, Database::Mode::kReadOnly, {}));
  CHECK(must(before.number("PRAGMA user_version")) == 1);
  CHECK(must(before.number("SELECT value FROM lanyard_settings WHERE key = 'port'")) == 7761);
  CHECK(!fs::exists(device.platform().string() + ".before-update-part"));
}

TEST_CASE("a new platform file has nothing that could be kept beside it") {
  VaultDevice device;
  device.open();
  CHECK(!fs::exists(device.platform().string() + ".before-update"));
}

TEST_CASE("an update that finds no room leaves the platform file as it was") {
  support::ShimDisk disk("update-full");
  VaultDevice device;
  make_version_1(device);
  device.options.vfs = disk.name();
  disk.be_full(true);
  CHECK(code_of(device.try_open()) == Code::kDiskFull);
  disk.be_full(false);
  {
    Database old = must(Database::open(device.platform(), Database::Mode::kReadOnly, {}));
    CHECK(must(old.number("PRAGMA user_version")) == 1);
  }
  device.open();
  CHECK(must(device.vault().setting("port")) == "7761");
}

}  // namespace lanyard::storage
