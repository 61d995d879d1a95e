#include <set>

#include "storage/space_reader.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

using State = HomeMove::State;

Home home(VaultDevice& device) { return must(device.vault().home(device.wall)); }

/// Carries everything over; says in how many pieces.
int move(VaultDevice& device) {
  for (int pieces = 1;; ++pieces) {
    const HomeMove moved = must(device.vault().move_home(device.wall));
    REQUIRE((moved.state != State::kNone && moved.state != State::kWaiting));
    if (moved.state == State::kOver) return pieces;
  }
}

json record(VaultDevice& device, const SpaceId& space, const std::string& key) {
  const crypto::SodiumHasher hasher;
  const auto reader = must(SpaceReader::open(device.vault().file_of(space), space, hasher));
  const ReadRecord found = must(reader->get("notes", key));
  return found.json.empty() ? json() : json::parse(found.json);
}

/// What waits in the inbox, field by field: the values, the shown one first.
json inbox(VaultDevice& device, const SpaceId& space) {
  const crypto::SodiumHasher hasher;
  const auto reader = must(SpaceReader::open(device.vault().file_of(space), space, hasher));
  json out = json::object();
  for (const ReadConflict& each : must(reader->conflicts(std::nullopt, 100)))
    for (const ReadSibling& sibling : each.siblings)
      out[each.key + "." + each.field].push_back(json::parse(sibling.json));
  return out;
}

std::vector<DeviceId> known(VaultDevice& device) {
  std::vector<DeviceId> out;
  for (const KnownDevice& each : must(device.vault().devices()))
    if (!each.forgotten) out.push_back(each.id);
  return out;
}

}  // namespace

TEST_CASE("every device has a space called default, and keeps it") {
  VaultDevice device;
  device.open();
  const SpaceId space = home_of(device);
  CHECK(device.name_of(space) == "default");
  CHECK(home_of(device) == space);
  device.open();
  CHECK(home_of(device) == space);
  CHECK_FALSE(home(device).is_shared);
  CHECK(must(device.vault().spaces()).size() == 1);
  CHECK(code_of(device.vault().leave_space(space, LeftCopy::kKept)) == Code::kNotAllowed);
}

TEST_CASE("a space that a person called default is the default") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("default");
  CHECK(home_of(device) == space);
}

TEST_CASE("two that are paired have one default, with what both had") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  laptop.write(old, put("only here", {{"title", "laptop"}}));
  laptop.write(old, put("same", {{"title", "equal"}, {"n", 1}}));
  laptop.write(old, put("other", {{"title", "laptop's"}, {"mine", true}}));
  laptop.write(old, put("gone", {{"title", "deleted"}}));
  laptop.write(old, remove("gone"));
  pi.write(common, put("only there", {{"title", "pi"}}));
  pi.write(common, put("same", {{"title", "equal"}, {"n", 1}}));
  pi.write(common, put("other", {{"title", "pi's"}, {"theirs", true}}));
  pair(laptop, pi);
  CHECK(home(laptop).id == old);
  CHECK(home(pi).is_shared);
  // As long as the common one is not here, what is written goes where it went before.
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kWaiting);
  laptop.write(old, put("later", {{"title", "while waiting"}}));
  laptop.pull(pi, common);
  CHECK(move(laptop) == 1);
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kNone);
  CHECK(laptop.name_of(common) == "default");
  CHECK(laptop.vault().stands_for(old) == common);
  CHECK(laptop.entry(old).now_part_of == common);
  CHECK(laptop.entry(old).left);
  pi.pull(laptop, common);
  for (VaultDevice* device : {&laptop, &pi}) {
    CHECK(record(*device, common, "only here") == json({{"title", "laptop"}}));
    CHECK(record(*device, common, "only there") == json({{"title", "pi"}}));
    CHECK(record(*device, common, "same") == json({{"title", "equal"}, {"n", 1}}));
    CHECK(record(*device, common, "later") == json({{"title", "while waiting"}}));
    CHECK(record(*device, common, "gone").is_null());
    CHECK(record(*device, common, "other")["mine"] == true);
    CHECK(record(*device, common, "other")["theirs"] == true);
    const json waiting = inbox(*device, common);
    REQUIRE(waiting.size() == 1);
    const auto titles = waiting["other.title"].get<std::set<std::string>>();
    CHECK(titles == std::set<std::string>{"laptop's", "pi's"});
  }
  CHECK(must(must(laptop.vault().space(common))->state_hash()) ==
        must(must(pi.vault().space(common))->state_hash()));
}

TEST_CASE("a pairing that broke off after the joiner stored it is done by the next one") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId common = home_of(pi);
  must(laptop.vault().pair({pi.id(), "pi", "", HomePlan::kMove, common}, laptop.wall));
  laptop.open();
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kWaiting);
  pair(laptop, pi);
  laptop.pull(pi, common);
  move(laptop);
  CHECK(home_of(laptop) == common);
}

TEST_CASE("who waits for a device that is gone can be paired with another") {
  VaultDevice laptop;
  VaultDevice gone;
  VaultDevice pi;
  laptop.open();
  gone.open();
  pi.open();
  must(laptop.vault().pair({gone.id(), "gone", "", HomePlan::kMove, home_of(gone)}, laptop.wall));
  pair(laptop, pi);
  laptop.pull(pi, home_of(pi));
  move(laptop);
  CHECK(home_of(laptop) == home_of(pi));
}

TEST_CASE("counters add up, sets unite, siblings stay, objects are put together by member") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  laptop.write(old, add("r", "visits", 5));
  laptop.write(old, set_op(oplog::OpKind::kSetAdd, "r", "tags", "a"));
  laptop.write(old, set_op(oplog::OpKind::kSetAdd, "r", "tags", "b"));
  LocalOp blind = put("two", {{"title", "first"}});
  laptop.write(old, blind);
  blind = put("two", {{"title", "second"}});
  blind.based_on = "0";
  laptop.write(old, blind);
  laptop.write(old, put("settings", {{"theme", {{"dark", true}, {"size", 12}}}}));
  laptop.write(old, put("clash", {{"theme", {{"dark", true}}}}));
  pi.write(common, add("r", "visits", 2));
  pi.write(common, set_op(oplog::OpKind::kSetAdd, "r", "tags", "b"));
  pi.write(common, put("settings", {{"theme", {{"font", "serif"}, {"size", 12}}}}));
  pi.write(common, put("clash", {{"theme", {{"dark", false}}}}));
  pair(laptop, pi);
  laptop.pull(pi, common);
  move(laptop);
  pi.pull(laptop, common);
  for (VaultDevice* device : {&laptop, &pi}) {
    CHECK(record(*device, common, "r") == json({{"visits", 7}, {"tags", {"a", "b"}}}));
    CHECK(record(*device, common, "two") == json({{"title", "second"}}));
    CHECK(record(*device, common, "settings") ==
          json({{"theme", {{"dark", true}, {"font", "serif"}, {"size", 12}}}}));
    const json waiting = inbox(*device, common);
    CHECK(waiting["two.title"] == json({"second", "first"}));
    CHECK(waiting["clash.theme"].size() == 2);
    CHECK(waiting.size() == 2);
  }
}

TEST_CASE("a move that is cut off anywhere goes on, and counts nothing twice") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  constexpr int kRecords = 30;
  for (int each = 0; each < kRecords; ++each) {
    const std::string key = "r" + std::to_string(each);
    laptop.write(old, put(key, {{"text", std::string(100'000, 'x')}}));
    laptop.write(old, add(key, "visits", 1));
  }
  pair(laptop, pi);
  laptop.pull(pi, common);
  int pieces = 0;
  for (bool is_over = false; !is_over; ++pieces) {
    REQUIRE(pieces < 100);
    is_over = must(laptop.vault().move_home(laptop.wall)).state == State::kOver;
    laptop.crash();
    laptop.open();
  }
  CHECK(pieces > 2);
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kNone);
  CHECK(laptop.name_of(common) == "default");
  for (int each = 0; each < kRecords; ++each)
    CHECK(record(laptop, common, "r" + std::to_string(each))["visits"] == 1);
  CHECK(inbox(laptop, common).empty());
}

TEST_CASE("a default that others rely on by now does not move") {
  VaultDevice laptop;
  VaultDevice pi;
  VaultDevice phone;
  laptop.open();
  pi.open();
  phone.open();
  const SpaceId old = home_of(laptop);
  const SpaceId common = home_of(pi);
  pair(laptop, pi);
  must(laptop.vault().share_space(old, phone.id(), laptop.wall));
  laptop.pull(pi, common);
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kNone);
  CHECK(laptop.name_of(old) == "default");
  CHECK(laptop.name_of(common) == "default (2)");
  CHECK(home_of(laptop) == old);
  // Nor is it promised when it is shared already.
  must(laptop.vault().pair({pi.id(), "pi", "", HomePlan::kMove, common}, laptop.wall));
  CHECK(home_of(laptop) == old);
}

TEST_CASE("pairing again with the same device changes nothing") {
  VaultDevice laptop;
  VaultDevice pi;
  laptop.open();
  pi.open();
  pair(laptop, pi);
  const SpaceId common = home_of(pi);
  laptop.pull(pi, common);
  move(laptop);
  const auto before = laptop.clock(common);
  must(laptop.vault().pair({pi.id(), "pi", "", HomePlan::kMove, common}, laptop.wall));
  const auto again =
      must(pi.vault().pair({laptop.id(), "laptop", "", HomePlan::kShare, common}, pi.wall));
  CHECK(again.outcome.runs.empty());
  CHECK(must(laptop.vault().move_home(laptop.wall)).state == State::kNone);
  CHECK(laptop.clock(common) == before);
}

TEST_CASE("members of one space know each other, as long as the space is here") {
  VaultDevice laptop;
  VaultDevice desktop;
  VaultDevice pi;
  laptop.open();
  desktop.open();
  pi.open();
  const SpaceId space = pi.create("Notes");
  must(pi.vault().add_device(laptop.id(), "", pi.wall));
  must(pi.vault().add_device(desktop.id(), "", pi.wall));
  must(laptop.vault().add_device(pi.id(), "", laptop.wall));
  must(pi.vault().share_space(space, laptop.id(), pi.wall));
  laptop.pull(pi, space);
  CHECK(known(laptop) == std::vector{pi.id()});
  must(pi.vault().share_space(space, desktop.id(), pi.wall));
  laptop.pull(pi, space);
  CHECK(known(laptop).size() == 2);
  CHECK_FALSE(must(laptop.vault().refresh_space(space)));
  const auto devices = must(laptop.vault().devices());
  for (const KnownDevice& each : devices) CHECK(each.paired == (each.id == pi.id()));
  // A device that is forgotten stays so, whoever admits it.
  must(laptop.vault().forget_device(desktop.id(), desktop.wall));
  laptop.pull(pi, space);
  CHECK(known(laptop) == std::vector{pi.id()});
  must(laptop.vault().add_device(desktop.id(), "", laptop.wall));
  CHECK(known(laptop).size() == 2);
  // Without the space it is known only if it was paired.
  must(pi.vault().share_space(space, pi.id(), pi.wall));
  must(laptop.vault().leave_space(space, LeftCopy::kKept));
  CHECK(known(laptop).size() == 2);
  must(desktop.vault().add_device(pi.id(), "", desktop.wall));
  desktop.pull(pi, space);
  CHECK(known(desktop).size() == 2);
  must(desktop.vault().leave_space(space, LeftCopy::kKept));
  CHECK(known(desktop) == std::vector{pi.id()});
}

}  // namespace lanyard::storage
