#include "replication/types/device_id_text.hpp"
#include "storage/names.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

DeviceId a_device(std::uint8_t number) {
  DeviceId id;
  id.bytes.fill(number);
  return id;
}

const WallTime kNow{1000};
const WallTime kLater{2000};

KnownDevice only_device(Vault& vault) {
  const auto all = must(vault.devices());
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("a device that was added is known after a restart") {
  VaultDevice device;
  device.open();
  must(device.vault().add_device(a_device(1), "pi.local:7761", kNow));
  device.open();
  const KnownDevice known = only_device(device.vault());
  CHECK(known.id == a_device(1));
  CHECK(known.address == "pi.local:7761");
  CHECK(known.added_ms == 1000);
  CHECK(known.last_seen_ms == 0);
  CHECK(!known.forgotten);
}

TEST_CASE("adding a device again only updates its address") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "old:1", kNow));
  must(vault.rename_device(a_device(1), "pi"));
  must(vault.add_device(a_device(1), "new:2", kLater));
  CHECK(only_device(vault).address == "new:2");
  CHECK(only_device(vault).name == "pi");
  CHECK(only_device(vault).added_ms == 1000);
  must(vault.add_device(a_device(1), "", kLater));
  CHECK(only_device(vault).address == "new:2");
}

TEST_CASE("a device is shown with the name that we gave it, or with what it calls itself") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  CHECK(only_device(vault).name.empty());
  must(vault.saw_device(a_device(1), "raspberrypi", "10.0.0.7:7761", kLater));
  CHECK(only_device(vault).name == "raspberrypi");
  CHECK(!only_device(vault).named_here);
  CHECK(only_device(vault).address == "10.0.0.7:7761");
  CHECK(only_device(vault).last_seen_ms == 2000);
  must(vault.rename_device(a_device(1), "kitchen"));
  must(vault.saw_device(a_device(1), "raspberrypi2", "", kLater));
  CHECK(only_device(vault).name == "kitchen");
  CHECK(only_device(vault).named_here);
}

TEST_CASE("a device that was not met has the name that others were told, until it is met") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.hear_names(a_device(2), {{a_device(1), "phone"}}, kNow));
  CHECK(only_device(vault).name == "phone");
  CHECK(only_device(vault).named_by_others);
  CHECK(must(vault.said_names()).empty());  // what others say is not passed on

  // What was told last counts, each peer's words as a whole; and no name that reads like an id.
  must(vault.hear_names(a_device(3), {{a_device(1), "tablet"}}, kLater));
  CHECK(only_device(vault).name == "tablet");
  must(vault.hear_names(a_device(2), {{a_device(1), "phone"}}, WallTime{3000}));
  CHECK(only_device(vault).name == "tablet");
  must(vault.hear_names(a_device(3), {{a_device(1), "K7QM-2VXA"}}, WallTime{4000}));
  CHECK(only_device(vault).name == "phone");
  must(vault.hear_names(a_device(2), {}, WallTime{5000}));
  CHECK(only_device(vault).name.empty());
  CHECK(!only_device(vault).named_by_others);

  must(vault.hear_names(a_device(2), {{a_device(1), "phone"}}, kNow));
  must(vault.saw_device(a_device(1), "mine", "", kLater));
  CHECK(only_device(vault).name == "mine");
  CHECK(!only_device(vault).named_by_others);
  CHECK(must(vault.said_names()) == std::map<DeviceId, std::string>{{a_device(1), "mine"}});
}

TEST_CASE("names are composed: an accent of its own is a part of its letter") {
  CHECK(tidy_name("Cafe\xCC\x81") == "Caf\xC3\xA9");
  CHECK(tidy_name("Caf\xC3\xA9") == "Caf\xC3\xA9");
  CHECK(tidy_name(" \xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB ") == "\xED\x95\x9C");  // Hangul
  CHECK(tidy_name("\xE2\x91\xA0") == "\xE2\x91\xA0");  // a 1 in a circle is no 1
  CHECK(tidy_name("plain") == "plain");
}

TEST_CASE("what a device calls itself is cut at a whole character, and dropped if it is no text") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.saw_device(a_device(1), std::string(63, 'a') + "\xC3\xA9", "", kNow));
  CHECK(only_device(vault).name == std::string(63, 'a'));
  must(vault.saw_device(a_device(1), "\xFF\xFE", "", kNow));
  CHECK(only_device(vault).name == std::string(63, 'a'));
  must(vault.saw_device(a_device(1), "bell\a", "", kNow));
  CHECK(only_device(vault).name == std::string(63, 'a'));
}

TEST_CASE("a forgotten device stays forgotten until it is added again") {
  VaultDevice device;
  device.open();
  must(device.vault().add_device(a_device(1), "", kNow));
  must(device.vault().forget_device(a_device(1), kLater));
  Vault& vault = device.open();
  CHECK(only_device(vault).forgotten);
  must(vault.saw_device(a_device(1), "pi", "", kLater));
  CHECK(only_device(vault).forgotten);
  must(vault.add_device(a_device(1), "", kLater));
  CHECK(!only_device(vault).forgotten);
}

TEST_CASE("only known devices can be renamed, forgotten or seen") {
  VaultDevice device;
  Vault& vault = device.open();
  CHECK(code_of(vault.rename_device(a_device(1), "pi")) == Code::kNotFound);
  CHECK(code_of(vault.forget_device(a_device(1), kLater)) == Code::kNotFound);
  CHECK(code_of(vault.saw_device(a_device(1), "pi", "", kNow)) == Code::kNotFound);
  CHECK(must(vault.devices()).empty());
}

TEST_CASE("a device does not know itself") {
  VaultDevice device;
  CHECK(code_of(device.open().add_device(device.id(), "", kNow)) == Code::kUsage);
}

TEST_CASE("names that cannot be shown are refused") {
  const auto name = GENERATE(as<std::string>{}, "", std::string(65, 'a'), std::string(640, 'a'),
                             "\xC3", "line\nbreak", std::string("nul\0", 4), "\x7F", "\xC2\x85");
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  CHECK(code_of(vault.rename_device(a_device(1), name)) == Code::kUsage);
  CHECK(code_of(vault.create_space(name, kNow)) == Code::kUsage);
}

TEST_CASE("no device and no space is called like an id") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.add_device(a_device(2), "", kNow));
  const SpaceId space = device.create("notes");
  std::string bare = to_text(a_device(2));
  std::erase(bare, '-');
  const std::string brief = to_short_text(a_device(2));
  for (const std::string& name : {brief, bare, to_text(a_device(2)), brief.substr(0, 4),
                                  std::string("K7QM-2VXA"), std::string("k7qm 2vxa")}) {
    INFO(name);
    CHECK(code_of(vault.rename_device(a_device(1), name)) == Code::kUsage);
    must(vault.saw_device(a_device(1), name, "", kNow));
    CHECK(must(vault.devices()).front().name.empty());
  }
  std::string digits = to_text(space);
  std::erase(digits, '-');
  for (const std::string& name : {to_text(space), digits}) {
    INFO(name);
    CHECK(code_of(vault.create_space(name, kNow)) == Code::kUsage);
    SpaceWish wish;
    wish.name = name;
    CHECK(code_of(vault.change_space(space, wish)) == Code::kUsage);
  }
}

TEST_CASE("what is not seen in a name is left out of it") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.rename_device(a_device(1), "\u00a0 pi\u202e\u200b of Ada \u2003"));
  CHECK(only_device(vault).name == "pi of Ada");
  must(vault.create_space("  no\u200dtes\ufeff ", kNow));
  CHECK(code_of(vault.create_space("notes", kNow)) == Code::kExists);
  CHECK(code_of(vault.create_space("\u200b\u3164", kNow)) == Code::kUsage);
}

TEST_CASE("a name of 64 bytes is a name") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.rename_device(a_device(1), std::string(62, 'a') + "\xC3\xA9"));
  CHECK(only_device(vault).name.size() == 64);
}

TEST_CASE("of a device's addresses the last eight are kept, and the last is shown") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  for (int i = 0; i < 20; ++i)
    must(vault.saw_device(a_device(1), "", "host:" + std::to_string(i), kNow));
  must(vault.saw_device(a_device(1), "", "host:13", WallTime{1}));
  CHECK(only_device(vault).address == "host:13");
  device.close();
  CHECK(rows_of(device.platform(), "SELECT count(*) FROM lanyard_addresses") ==
        json::parse("[[8]]"));
}

TEST_CASE("where a device was reached says nothing of when it was seen") {
  VaultDevice device;
  Vault& vault = device.open();
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.reached_device(a_device(1), "10.0.0.7:7761"));
  CHECK(only_device(vault).address == "10.0.0.7:7761");
  CHECK(only_device(vault).last_seen_ms == 0);
}

TEST_CASE("settings and progress outlive a restart") {
  VaultDevice device;
  Vault& vault = device.open();
  CHECK(!must(vault.setting("port")));
  must(vault.set_setting("port", "7761"));
  must(vault.set_setting("port", "7763"));
  const SpaceId space = device.create("notes");
  const VectorClock clock = device.clock(space);
  must(vault.acknowledged(a_device(1), space, {}, WallTime{7}));
  must(vault.acknowledged(a_device(1), space, clock, WallTime{7}));
  Vault& again = device.open();
  CHECK(must(again.setting("port")) == "7763");
  const auto progress = must(again.progress());
  REQUIRE(progress.size() == 1);
  CHECK(progress.front().device == a_device(1));
  CHECK(progress.front().space == space);
  CHECK(progress.front().durable == clock);
}

TEST_CASE("the progress of forgotten devices and of spaces that were left is not told") {
  VaultDevice device;
  Vault& vault = device.open();
  const SpaceId kept = device.create("kept");
  const SpaceId left = device.create("left");
  must(vault.add_device(a_device(1), "", kNow));
  must(vault.add_device(a_device(2), "", kNow));
  for (const SpaceId& space : {kept, left})
    for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}})
      must(vault.acknowledged(a_device(number), space, {}, WallTime{7}));
  must(vault.forget_device(a_device(2), kLater));
  must(vault.leave_space(left, LeftCopy::kKept));
  const auto progress = must(vault.progress());
  REQUIRE(progress.size() == 1);
  CHECK(progress.front().device == a_device(1));
  CHECK(progress.front().space == kept);
}

}  // namespace lanyard::storage
