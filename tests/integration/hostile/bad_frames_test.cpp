// A link that is not what it should be: before it is secured, and after.
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

using Doing = std::function<void(HostilePeer&)>;

struct FrameRow {
  std::string what;
  Doing does;
  std::string code;
};

/// What a peer may say that has not proven who it is: nothing.
std::vector<FrameRow> before_the_link_is_secured() {
  const auto ping = [](HostilePeer& peer) { return peer.encoded(wire::Ping{1, false}); };
  const auto in_the_clear = [=](HostilePeer& peer) {
    Bytes frame{1};
    append(frame, ping(peer));
    return with_length(frame);
  };
  return {
      {"a message in place of the preface",
       [=](HostilePeer& peer) { peer.send(Bytes(8, ping(peer)[0])); }, ""},
      {"a frame in the clear behind the preface",
       [=](HostilePeer& peer) {
         static_cast<void>(peer.first_message());
         peer.send(in_the_clear(peer));
       },
       ""},
      {"a frame longer than any message of a handshake",
       [](HostilePeer& peer) {
         static_cast<void>(peer.first_message());
         peer.send(with_length(Bytes(65'535)));
       },
       ""},
      {"a frame in the clear behind the first message",
       [=](HostilePeer& peer) {
         peer.send(*peer.first_message());
         peer.send(in_the_clear(peer));
       },
       ""},
      {"bytes sealed under no key in place of the third message",
       [](HostilePeer& peer) {
         peer.send(*peer.first_message());
         peer.send(with_length(Bytes(165, 7)));
       },
       ""},
      {"the first message twice",
       [](HostilePeer& peer) {
         const Bytes first = *peer.first_message();
         peer.send(first);
         peer.send(first);
       },
       ""},
  };
}

/// A sealed ping, changed on its way.
FrameRow changed_frame(const std::string& what, std::function<void(Bytes&)> change) {
  return {what,
          [change = std::move(change)](HostilePeer& peer) {
            Bytes frame = peer.sealed(peer.encoded(wire::Ping{1, false}));
            change(frame);
            append(frame, peer.sealed(peer.encoded(wire::Ping{2, false})));
            peer.send(frame);
          },
          "unauthenticated"};
}

std::vector<FrameRow> frames_of_somebody_between() {
  const auto sealed_pings = [](HostilePeer& peer) {
    std::vector<Bytes> out;
    for (const std::uint64_t number : {1, 2, 3})
      out.push_back(peer.sealed(peer.encoded(wire::Ping{number, false})));
    return out;
  };
  return {
      changed_frame("one bit of a frame", [](Bytes& frame) { frame.at(3) ^= 0x10; }),
      changed_frame("one bit of its tag", [](Bytes& frame) { frame.back() ^= 1; }),
      changed_frame("a length that is one too small", [](Bytes& frame) { frame.at(1) -= 1; }),
      changed_frame("a length that is one too large", [](Bytes& frame) { frame.at(1) += 1; }),
      changed_frame("a frame without bytes",
                    [](Bytes& frame) {
                      frame = {0, 0};
                    }),
      changed_frame("a frame shorter than a tag",
                    [](Bytes& frame) {
                      frame = {0, 1, 7};
                    }),
      {"a frame twice",
       [=](HostilePeer& peer) {
         const auto pings = sealed_pings(peer);
         for (const std::size_t each : {0, 0}) peer.send(pings[each]);
       },
       "unauthenticated"},
      {"frames out of order",
       [=](HostilePeer& peer) {
         const auto pings = sealed_pings(peer);
         for (const std::size_t each : {1, 0}) peer.send(pings[each]);
       },
       "unauthenticated"},
      {"a frame left out",
       [=](HostilePeer& peer) {
         const auto pings = sealed_pings(peer);
         for (const std::size_t each : {0, 2}) peer.send(pings[each]);
       },
       "unauthenticated"},
  };
}

/// Frames that are sealed well and made badly.
FrameRow plain_frames(const std::string& what, const std::vector<Bytes>& plains,
                      const std::string& code) {
  return {what,
          [=](HostilePeer& peer) {
            for (const Bytes& plain : plains) {
              if (!peer.send(peer.sealed_frame(plain))) return;
            }
          },
          code};
}

std::vector<FrameRow> frames_of_a_bad_author() {
  const Bytes more(wire::kFramePlainBytesMax, 0);
  Bytes short_part(1000, 0);
  return {
      plain_frames("nothing in a frame", {{}}, "malformed"),
      plain_frames("a mark and no part", {{1}}, "malformed"),
      plain_frames("a mark that there is not", {{2, 0x93, 13, 7, 0xC2}}, "malformed"),
      plain_frames("a small part that is not the last", {short_part}, "malformed"),
      plain_frames("a message of more than 2 MiB", std::vector<Bytes>(33, more), "too large"),
      plain_frames("a message without end", std::vector<Bytes>(400, more), "too large"),
  };
}

void check_closed(Scene& scene, const FrameRow& row) {
  INFO(row.what);
  const Seen before = scene.seen();
  const Scene::Link peer = scene.link();
  const Watch watch(scene.agent);
  row.does(*peer);
  std::optional<wire::ByeCode> bye;
  CHECK(peer->is_closed(&bye));
  CHECK_FALSE(bye);  // who breaks the link itself is told nothing
  REQUIRE(comes_about([&] { return !scene.last_failure().empty(); }));
  CHECK_THAT(scene.last_failure(), Catch::Contains(row.code));
  CHECK(scene.seen() == before);
  check_costs(scene, watch);
}

}  // namespace

TEST_CASE("who has not proven who it is gets a closed socket, and nothing else") {
  Scene scene;
  const Seen before = scene.seen();
  for (const FrameRow& row : before_the_link_is_secured()) {
    INFO(row.what);
    HostilePeer peer(scene.mallory.identity, scene.mallory.chance);
    const auto failed = scene.agent.counters().at("failedHandshakes").get<int>();
    REQUIRE(peer.dial(scene.agent.sync_port()));
    const Watch watch(scene.agent);
    row.does(peer);
    CHECK(peer.is_closed());
    CHECK(comes_about([&] { return scene.agent.counters().at("failedHandshakes") == failed + 1; }));
    CHECK(scene.seen() == before);
    check_costs(scene, watch);
  }
  scene.check_all_is_well();
}

TEST_CASE("a frame that was changed, repeated, moved or left out on its way ends the link") {
  Scene scene;
  for (const FrameRow& row : frames_of_somebody_between()) check_closed(scene, row);
  scene.check_all_is_well();
}

TEST_CASE("frames that no message has ever been cut into end the link") {
  Scene scene;
  for (const FrameRow& row : frames_of_a_bad_author()) check_closed(scene, row);
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
