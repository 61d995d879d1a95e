// Messages on a secured link that no honest agent sends, or not there.
#include "replication/types/canonical.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

struct MessageRow {
  std::string what;
  std::function<void(Scene&, HostilePeer&)> says;
  std::string code;  ///< of the link's end; empty: it goes on
};

MessageRow these_bytes(const std::string& what, const Bytes& bytes, const std::string& code) {
  return {what, [=](Scene&, HostilePeer& peer) { peer.say_bytes(bytes); }, code};
}
MessageRow in_hex(const std::string& what, std::string_view hex,
                  const std::string& code = "malformed") {
  return these_bytes(what, *from_hex(hex), code);
}

std::vector<MessageRow> bytes_that_are_no_message() {
  Bytes deep(200'000, 0x91);
  deep[1] = 2;
  Bytes tiny = *from_hex("9405c410000102030405060708090a0b0c0d0e0fdc4000");
  tiny.resize(limits::kMessageBytesMax, 0x90);
  const std::string space = "c410000102030405060708090a0b0c0d0e0f";
  return {
      in_hex("nil", "c0"),
      in_hex("a map", "81a16101"),
      in_hex("an array without elements", "90"),
      in_hex("a type that is a text", "91a161"),
      in_hex("type 0", "9100"),
      in_hex("a ping with an element too many", "940d07c2c0"),
      in_hex("a ping with one too few", "920d07"),
      in_hex("bytes behind a ping", "930d07c2c0"),
      in_hex("a number in a longer form", "930dcc07c2"),
      in_hex("an array in a longer form", "dc00030d07c2"),
      in_hex("a negative number", "930dffc2"),
      in_hex("a double", "930dcb4000000000000000c2"),
      in_hex("a number for a truth", "930d0700"),
      in_hex("a text for a hash", "9202a161"),
      in_hex("a binary with a longer length", "9202c50020" + std::string(64, '0')),
      in_hex("a hash of 31 bytes", "9202c41f" + std::string(62, '0')),
      in_hex("an extension", "9202d40100", "too large"),
      in_hex("a map for a hash", "920281a16101", "too large"),
      in_hex("a bye that nobody says", "920e06"),
      in_hex("a clock of 2^32 - 1 logs", "9405" + space + "ddffffffff", "too large"),
      in_hex("a text of 2^32 - 1 bytes", "9501dbffffffff"),
      in_hex("a binary of 2^32 - 1 bytes", "9202c6ffffffff"),
      in_hex("a clock of more logs than there may be", "9405" + space + "dd00004001", "too large"),
      in_hex("a name that was never given", "930b6300"),
      in_hex("a live run of no items", "9609" + space + "c420" + std::string(64, '1') + "0190"),
      these_bytes("200,000 lists in each other", deep, "malformed"),
      these_bytes("a clock of 2 MiB of empty entries", tiny, "malformed"),
      these_bytes("2 MiB of zeros", Bytes(limits::kMessageBytesMax), "malformed"),
  };
}

MessageRow these(const std::string& what, std::vector<wire::Message> messages,
                 const std::string& code) {
  return {what,
          [messages = std::move(messages)](Scene&, HostilePeer& peer) {
            for (const wire::Message& message : messages) {
              if (!peer.say(message)) return;
            }
          },
          code};
}

/// Too many, in pages that are not the last.
std::vector<wire::Message> endless_digests() {
  support::Chance chance(11);
  std::vector<wire::Message> out{wire::DigestRoot{chance.fixed<Hash>()},
                                 wire::DigestBuckets{std::vector<Hash>(256, Hash{{1}})}};
  for (int page = 0; page < 20; ++page) {
    wire::DigestSpaces digests{{}, false};
    for (std::size_t i = 0; i < limits::kDigestPageSpacesMax; ++i)
      digests.spaces.push_back({chance.fixed<SpaceId>(), chance.fixed<Hash>()});
    out.emplace_back(std::move(digests));
  }
  return out;
}

/// All that may come unasked, and a little more.
void overrun_with_packs(Scene& scene, HostilePeer& peer) {
  const wire::PackPart part{scene.space.id, false, Bytes(limits::kPackPartBytesMax)};
  for (std::size_t sent = 0; sent <= limits::kPeerWindowBytesMax; sent += part.bytes.size())
    peer.say(part);
}

void overrun_with_live_changes(Scene& scene, HostilePeer& peer) {
  const wire::PackPart part{scene.space.id, false, Bytes(limits::kPackPartBytesMax)};
  for (int i = 0; i < 15; ++i) peer.say(part);
  const Head head = scene.log->entry().head;
  wire::LiveRun run = live(scene, scene.log->put("beyond"));
  scene.log->step_back(head);
  run.items[0].payload.resize(limits::kPackPartBytesMax);
  peer.say(run);
}

std::vector<MessageRow> messages_out_of_place() {
  const std::string protocol = "protocol violated";
  const wire::DigestRoot root{Hash{{1}}};
  return {
      these("a second hello", {wire::Hello{"x", {}, "x", 0}}, protocol),
      these("buckets that nobody asked for", {wire::DigestBuckets{std::vector<Hash>(256)}},
            protocol),
      these("digests that nobody asked for", {wire::DigestSpaces{{}, true}}, protocol),
      these("a comparison inside another", {root, root}, protocol),
      these("digests of buckets that do not differ",
            {root, wire::DigestBuckets{std::vector<Hash>(256)},
             wire::DigestSpaces{{{SpaceId{{9}}, {}}, {SpaceId{{10}}, {}}}, true}},
            protocol),
      these("digests without end", endless_digests(), "too large"),
      {"packs beyond the credit", overrun_with_packs, protocol},
      {"live changes beyond the credit", overrun_with_live_changes, protocol},
  };
}

/// A clock that was made up.
VectorClock some_clock(std::size_t logs) {
  support::Chance chance(12);
  VectorClock clock;
  while (clock.size() < logs) clock[chance.fixed<LogId>()] = {{1ULL << 62}, chance.fixed<Hash>()};
  return clock;
}

MessageRow about_the_space(const std::string& what,
                           std::function<wire::Message(const Scene&)> message) {
  return {
      what,
      [message = std::move(message)](Scene& scene, HostilePeer& peer) { peer.say(message(scene)); },
      ""};
}

std::vector<MessageRow> messages_that_change_nothing() {
  return {
      in_hex("a message of a newer version", "927f01", ""),
      about_the_space(
          "where a device is that nobody here knows, and at loopback",
          [](const Scene& /*scene*/) {
            DeviceId nobody;
            nobody.bytes.fill(7);
            return wire::Addresses{{{nobody, {{{127, 0, 0, 1}, 1}, {{10, 99, 99, 99}, 7761}}}}};
          }),
      in_hex("one of a shape that nobody knows", "93cd03e8c781c1", ""),
      about_the_space("an acknowledgement of what was never sent",
                      [](const Scene& scene) {
                        return wire::Acknowledge{scene.space.id, some_clock(100)};
                      }),
      about_the_space("a pull by one who holds everything",
                      [](const Scene& scene) {
                        return wire::Pull{scene.space.id, some_clock(10'000), UINT64_MAX};
                      }),
      about_the_space("being in step with what nobody holds",
                      [](const Scene& scene) {
                        return wire::InStep{scene.space.id, some_clock(10'000)};
                      }),
      about_the_space("more credit than there are bytes",
                      [](const Scene& scene) {
                        return wire::Credit{scene.space.id, UINT64_MAX};
                      }),
      about_the_space("news of the last seq there is",
                      [](const Scene& scene) {
                        return wire::Have{scene.space.id, LogId{{1}}, {{UINT64_MAX}, {}}};
                      }),
      about_the_space("a grant of nothing",
                      [](const Scene& scene) {
                        return wire::Grant{scene.space.id, {}, {}, Bytes(100), Bytes(100), {}};
                      }),
      about_the_space("a ping that answers no question",
                      [](const Scene&) {
                        return wire::Ping{UINT64_MAX, true};
                      }),
  };
}

void check_message(Scene& scene, const MessageRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const Watch watch(scene.agent);
  row.says(scene, *peer);
  if (row.code.empty()) {
    CHECK(scene.is_answered(*peer));
    static_cast<void>(scene.answers(*peer, wire::Ping{0, true}));
  } else {
    std::optional<wire::ByeCode> bye;
    CHECK(peer->is_closed(&bye));
    CHECK(bye == wire::ByeCode::kProtocol);
    CHECK_THAT(scene.last_failure(), Catch::Contains("(" + row.code + ")"));
  }
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
}

void check_messages(const std::vector<MessageRow>& rows) {
  Scene scene;
  for (const MessageRow& row : rows) check_message(scene, row);
  scene.check_all_is_well();
}

}  // namespace

TEST_CASE("bytes that are no message end the link") { check_messages(bytes_that_are_no_message()); }

TEST_CASE("a message out of its place ends the link") { check_messages(messages_out_of_place()); }

TEST_CASE("a message that means nothing here is passed over") {
  check_messages(messages_that_change_nothing());
}

TEST_CASE("nothing is heard before a hello") {
  Scene scene;
  for (const wire::Message& first : std::vector<wire::Message>{
           wire::Ping{1, false}, wire::Pull{scene.space.id, {}, 1}, wire::DigestRoot{}}) {
    const Scene::Link peer = scene.secured_link();
    peer->say(first);
    std::optional<wire::ByeCode> bye;
    CHECK(peer->is_closed(&bye));
    CHECK(bye == wire::ByeCode::kProtocol);
  }
  scene.check_all_is_well();
}

/// Whether it is about this space.
bool is_about(const SpaceId& space, const wire::Message& message) {
  return std::visit(
      [&](const auto& each) {
        if constexpr (requires { each.space; }) return each.space == space;
        return false;
      },
      message);
}

/// What the agent says of a space, without its id; digests are not of one space. What it says of
/// the one that is shared comes when it comes.
std::vector<std::size_t> kinds_of(const std::vector<wire::Message>& messages,
                                  const SpaceId& shared) {
  std::vector<std::size_t> out;
  for (const wire::Message& message : messages) {
    if (is_about(shared, message)) continue;
    const auto* step = std::get_if<wire::InStep>(&message);
    const auto* pull = std::get_if<wire::Pull>(&message);
    CHECK((step == nullptr || step->clock.empty()));
    CHECK((pull == nullptr || pull->clock.empty()));
    if (!std::holds_alternative<wire::DigestRoot>(message)) out.push_back(message.index());
  }
  return out;
}

TEST_CASE("a space that is not shared is answered like one that does not exist") {
  Scene scene;
  support::Chance chance(13);
  const auto log = chance.fixed<LogId>();
  const std::vector<std::function<wire::Message(const SpaceId&)>> rows{
      [](const SpaceId& space) {
        return wire::Pull{space, {}, limits::kPeerWindowBytesMax};
      },
      [](const SpaceId& space) {
        return wire::Pull{space, some_clock(3), 0};
      },
      [](const SpaceId& space) {
        return wire::InStep{space, some_clock(3)};
      },
      [](const SpaceId& space) {
        return wire::Credit{space, 1000};
      },
      [](const SpaceId& space) {
        return wire::Acknowledge{space, some_clock(3)};
      },
      [](const SpaceId& space) {
        return wire::PackPart{space, true, Bytes(100)};
      },
      [](const SpaceId& space) { return wire::Grant{space, {}, {}, Bytes(100), Bytes(100), {}}; },
      [=](const SpaceId& space) {
        return wire::Have{space, log, {{1}, {}}};
      },
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO("row " << i);
    const Scene::Link peer = scene.link();
    const auto unknown = scene.answers(*peer, rows[i](chance.fixed<SpaceId>()));
    const auto forbidden = scene.answers(*peer, rows[i](scene.not_shared));
    CHECK(kinds_of(unknown, scene.space.id) == kinds_of(forbidden, scene.space.id));
  }
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
