// Peers that speak a wire version of which this one knows nothing.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

/// A device that is called, reads the dialer's preface, and answers with these bytes.
class Answering {
 public:
  Answering() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(socket_, any, size) == 0);
    REQUIRE(listen(socket_, 4) == 0);
    REQUIRE(getsockname(socket_, any, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() { close(socket_); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// What the next caller said; its link ends with this answer.
  [[nodiscard]] wire::Preface answer_one(ByteView bytes) const {
    wire::Preface offer{};
    pollfd one{socket_, POLLIN, 0};
    const auto patience = std::chrono::milliseconds(kPatience).count();
    REQUIRE(poll(&one, 1, static_cast<int>(patience)) == 1);
    const int caller = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(caller >= 0);
    REQUIRE(recv(caller, offer.data(), offer.size(), MSG_WAITALL) == wire::kPrefaceBytes);
    REQUIRE(send(caller, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0);
    close(caller);
    return offer;
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

struct VersionRow {
  std::string what;
  wire::Preface answer;
  std::string code;
};

}  // namespace

TEST_CASE("a dialer of a newer version is told that there is none in common, and no more") {
  Scene scene;
  const Seen before = scene.seen();
  const auto failed = scene.agent.counters().at("failedHandshakes").get<int>();
  HostilePeer peer(scene.mallory.identity, scene.mallory.chance);
  REQUIRE(peer.dial(scene.agent.sync_port()));
  REQUIRE(peer.send(wire::offer({2, 9})));
  const auto answer = peer.receive(wire::kPrefaceBytes);
  REQUIRE(answer);
  CHECK(*answer == to_bytes(wire::answer(wire::kNoVersion)));
  CHECK(peer.is_closed());
  CHECK(comes_about([&] { return scene.agent.counters().at("failedHandshakes") == failed + 1; }));
  CHECK(scene.seen() == before);
  scene.check_all_is_well();
}

TEST_CASE("a newer version beside ours is no reason not to speak ours") {
  Scene scene;
  HostilePeer peer(scene.mallory.identity, scene.mallory.chance);
  REQUIRE(peer.dial(scene.agent.sync_port()));
  REQUIRE(peer.send(wire::offer({1, 9})));
  CHECK(peer.receive(wire::kPrefaceBytes) == to_bytes(wire::answer(1)));
  scene.check_all_is_well();
}

TEST_CASE("a listener of a newer version is reported as one, and nothing is touched") {
  Scene scene;
  const Seen before = scene.seen();
  const std::vector<VersionRow> rows{
      {"none in common", wire::answer(wire::kNoVersion), "newer version"},
      {"one that was not offered", wire::answer(2), "malformed"},
      {"another protocol", {'H', 'T', 'T', 'P', '/', '1', '.', '1'}, "malformed"}};
  for (const VersionRow& row : rows) {
    INFO(row.what);
    const Answering listener;
    const oplog::Device other(scene.mallory.chance.next());
    const std::string id = to_text(other.id());
    scene.agent.call("device.add", {{"id", id}, {"at", listener.address()}});
    CHECK(listener.answer_one(row.answer) == wire::offer({}));
    CHECK(comes_about([&] {
      return scene.agent.device(id).at("lastFailure").get<std::string>().find("(" + row.code) !=
             std::string::npos;
    }));
    CHECK_FALSE(scene.agent.device(id).at("linked").get<bool>());
    scene.agent.call("device.forget", {{"device", id}});
  }
  CHECK(scene.seen() == before);
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
