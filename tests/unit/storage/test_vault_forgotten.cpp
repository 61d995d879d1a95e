#include "replication/oplog/forgetting.hpp"
#include "tests/unit/storage/test_vault.hpp"

/// Devices that were forgotten, and spaces that were left and shared again.
namespace lanyard::storage {
namespace {

std::set<DeviceId> forgotten(VaultDevice& device) {
  std::set<DeviceId> out;
  for (const KnownDevice& each : must(device.vault().devices()))
    if (each.forgotten) out.insert(each.id);
  return out;
}

/// The pi has a laptop and a desktop in its `default`.
struct Family {
  VaultDevice pi;
  VaultDevice laptop;
  VaultDevice desktop;

  Family() {
    pi.open();
    home = must(pi.vault().home_id(pi.wall));
    for (VaultDevice* each : {&laptop, &desktop}) {
      each->open();
      admit(*each);
    }
  }

  /// As a pairing does: `other` has what it had in the pi's `default` from then on.
  void admit(VaultDevice& other) {
    const SpaceId theirs = must(other.vault().home_id(other.wall));
    must(other.vault().pair({pi.id(), "pi", "", HomePlan::kMove, home}, other.wall));
    must(pi.vault().pair({other.id(), "other", "", HomePlan::kShare, theirs}, pi.wall));
  }
  /// What the pi tells it before anything else.
  void tell(VaultDevice& other) {
    must(other.vault().hear_forgettings(pi.id(), must(pi.vault().forgettings_for(other.id()))));
  }

  SpaceId home;
};

}  // namespace

TEST_CASE("a device that comes later hears who was forgotten before it knows of any space") {
  Family all;
  must(all.pi.vault().forget_device(all.laptop.id(), all.pi.wall));
  CHECK(forgotten(all.pi) == std::set{all.laptop.id()});
  VaultDevice phone;
  phone.open();
  all.admit(phone);
  all.tell(phone);
  CHECK(forgotten(phone) == std::set{all.laptop.id()});
  CHECK(must(phone.vault().shared_with(all.laptop.id())).empty());
  phone.open();
  CHECK(forgotten(phone) == std::set{all.laptop.id()});
}

TEST_CASE("who was forgotten is told to devices that have our default, and heard from them alone") {
  Family all;
  VaultDevice friends;
  friends.open();
  must(all.pi.vault().add_device(friends.id(), "", all.pi.wall));
  must(friends.vault().add_device(all.pi.id(), "", friends.wall));
  must(all.pi.vault().forget_device(all.laptop.id(), all.pi.wall));
  CHECK(must(all.pi.vault().forgettings_for(friends.id())).empty());
  const auto words = must(all.pi.vault().forgettings_for(all.desktop.id()));
  REQUIRE(words.size() == 1);
  CHECK_FALSE(must(friends.vault().hear_forgettings(all.pi.id(), words)));
  CHECK(forgotten(friends).empty());
}

TEST_CASE("a device that was paired again is known again, and the others hear it") {
  Family all;
  must(all.pi.vault().forget_device(all.laptop.id(), all.pi.wall));
  all.tell(all.desktop);
  CHECK(forgotten(all.desktop) == std::set{all.laptop.id()});
  must(all.pi.vault().pair({all.laptop.id(), "laptop", "", HomePlan::kNothing, all.home},
                           all.pi.wall));
  CHECK(forgotten(all.pi).empty());
  all.tell(all.desktop);
  CHECK(forgotten(all.desktop).empty());
}

TEST_CASE("what a device said is void once a person has forgotten it") {
  Family all;
  const auto says = [&](VaultDevice& author, const DeviceId& of) {
    must(author.vault().add_device(of, "", author.wall));
    must(author.vault().forget_device(of, author.wall));
    return must(author.vault().forgettings_for(all.pi.id()));
  };
  const auto words = says(all.laptop, all.desktop.id());
  REQUIRE(words.size() == 1);
  CHECK(must(all.pi.vault().hear_forgettings(all.laptop.id(), words)));
  CHECK(forgotten(all.pi) == std::set{all.desktop.id()});
  must(all.pi.vault().forget_device(all.laptop.id(), all.pi.wall));
  CHECK(forgotten(all.pi) == std::set{all.laptop.id()});
}

TEST_CASE("words without end are taken up to a bound, and what counts has room") {
  Family all;
  std::vector<oplog::Forgetting> words;
  for (std::size_t i = 0; i < oplog::kForgettingsMax; ++i) {
    oplog::Forgetting word{{}, all.laptop.id(), 1, true, {}};
    word.device.bytes[0] = static_cast<std::uint8_t>(i);
    word.device.bytes[1] = 1;
    words.push_back(word);
  }
  must(all.pi.vault().hear_forgettings(all.laptop.id(), words));
  must(all.pi.vault().forget_device(all.laptop.id(), all.pi.wall));
  must(all.desktop.vault().add_device(all.laptop.id(), "", all.desktop.wall));
  const auto more = std::vector<oplog::Forgetting>{{DeviceId{}, all.desktop.id(), 7, true, {}}};
  must(all.pi.vault().hear_forgettings(all.desktop.id(), more));
  const auto kept = must(all.pi.vault().forgettings_for(all.desktop.id()));
  CHECK(kept.size() == 2);
  CHECK(forgotten(all.pi).contains(DeviceId{}));
}

// ---- spaces

TEST_CASE("a space that was left and is shared again is here again") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId space = a.create("Notes");
  const LeftCopy copy = GENERATE(LeftCopy::kKept, LeftCopy::kRemovedEvenIfAlone);
  must(a.vault().leave_space(space, copy));
  CHECK(code_of(a.vault().rejoin_space(space, b.id())) == Code::kNotAllowed);
  CHECK(must(a.vault().rejoin_space(space, a.id())));
  CHECK_FALSE(must(a.vault().rejoin_space(space, a.id())));
  const SpaceEntry here = must(a.vault().spaces()).front();
  CHECK_FALSE(here.left);
  CHECK(here.name == (copy == LeftCopy::kKept ? "Notes" : "space " + to_text(space).substr(0, 8)));
  must(a.vault().space(space));
}

TEST_CASE("an invitation is told until it was heard") {
  VaultDevice a;
  VaultDevice b;
  a.open();
  const SpaceId space = a.create("Notes");
  must(a.vault().invite(b.id(), space));
  must(a.vault().invite(b.id(), space));
  a.open();
  CHECK(must(a.vault().invitations(b.id())) == std::vector{space});
  must(a.vault().invited(b.id(), space));
  CHECK(must(a.vault().invitations(b.id())).empty());
}

}  // namespace lanyard::storage
