#include <catch2/catch.hpp>
#include <deque>
#include <sstream>

#include "agent/api/request_head.hpp"
#include "agent/control/request.hpp"
#include "agent/few_jobs.hpp"
#include "agent/import/export_file.hpp"
#include "agent/json/question_reader.hpp"
#include "agent/links/link_set.hpp"
#include "agent/memory_budget.hpp"
#include "agent/service/mutation.hpp"
#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/chance.hpp"
#include "tests/support/numbered_id.hpp"

/// What local programs, pages and peers can grow in the shell: as much as there may be, one more,
/// and ten times as much.
using namespace lanyard;
using namespace lanyard::agent;

namespace {

Bytes numbered_ip(std::size_t number) {
  return {10, 0, static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

/// Links of a device on a network of which nothing ever comes: its loop does not run.
struct QuietLinks {
  QuietLinks() { REQUIRE(crypto::init().has_value()); }

  /// So many addresses of device 1, 2, ...: eight of each.
  wire::Addresses addresses_of_others(std::size_t count) {
    wire::Addresses out;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % limits::kToldAddressesMax == 0) {
        const DeviceId device = support::numbered_id<DeviceId>(1 + i / limits::kToldAddressesMax);
        links.know(device, "", false);
        out.devices.push_back({device, {}});
      }
      out.devices.back().endpoints.push_back({numbered_ip(i), 7761});
    }
    return out;
  }
  std::vector<std::string> where(const DeviceId& device) {
    return links.call_everywhere(device, [](const CallReport&) {});
  }

  support::Chance chance{1};
  asio::io_context io;
  crypto::Identity identity = crypto::Identity::make_ephemeral(chance);
  crypto::LinkIdentity own{identity, chance};
  LinkSet links{io, own, chance, {}};
};

/// How many of so many addresses are called that one peer tells; of how many devices.
struct Called {
  std::size_t addresses = 0;
  std::size_t devices = 0;
  friend bool operator==(const Called&, const Called&) = default;
};

Called called_of_one(std::size_t told) {
  QuietLinks scene;
  const wire::Addresses all = scene.addresses_of_others(told);
  scene.links.told(support::numbered_id<DeviceId>(5000), all);
  Called out;
  for (const wire::Addresses::Device& each : all.devices) {
    const std::size_t called = scene.where(each.id).size();
    out.addresses += called;
    out.devices += called > 0;
  }
  return out;
}

/// Whether room is left for one address more after so many were told, eight by each of some peers.
bool is_room_behind(std::size_t told) {
  QuietLinks scene;
  const wire::Addresses all = scene.addresses_of_others(told);
  for (std::size_t i = 0; i < all.devices.size(); ++i)
    scene.links.told(support::numbered_id<DeviceId>(7000 + i), {{all.devices[i]}});
  const DeviceId late = support::numbered_id<DeviceId>(6000);
  scene.links.know(late, "", true);
  scene.links.told(support::numbered_id<DeviceId>(5001), {{{late, {{numbered_ip(60'000), 7761}}}}});
  return !scene.where(late).empty();
}

/// What a listener hears of a message of so many bytes, from one that it knows or does not.
std::string heard_by_link(std::size_t size, bool is_trusted) {
  support::Chance chance{2};
  const crypto::Identity one = crypto::Identity::make_ephemeral(chance);
  const crypto::Identity other = crypto::Identity::make_ephemeral(chance);
  const crypto::LinkIdentity at_dialer{one, chance};
  const crypto::LinkIdentity at_listener{other, chance};
  const auto everybody = [](const DeviceId&) { return true; };
  SecureLink dialer(crypto::Role::kInitiator, crypto::LinkPurpose::kPair, at_dialer, everybody,
                    chance);
  SecureLink listener(crypto::Role::kResponder, crypto::LinkPurpose::kPair, at_listener, everybody,
                      chance);
  Bytes said = dialer.start();
  while (!dialer.is_open()) said = dialer.hear(listener.hear(said).to_send).to_send;
  // In one piece with the proof of who it is.
  append(said, dialer.seal(Bytes(size, 1)).value());
  REQUIRE(listener.hear(said).peer);
  if (is_trusted) listener.trust();
  const SecureLink::Heard heard = listener.hear({});
  return heard.failure ? heard.failure->code.message() : std::to_string(heard.messages.size());
}

std::string import_of_levels(std::size_t levels) {
  const std::string value = std::string(levels - 1, '[') + std::string(levels - 1, ']');
  std::istringstream in("{\"version\":\"2.2.0\",\"settings\":{\"a\":" + value + "}}");
  const auto counts = read_export(
      in, [](const ImportRecord&) { return Status(); }, [] { return false; });
  return counts ? "imported" : counts.error().code.message();
}

std::string outcome_of_rows(std::int64_t rows) {
  const std::string text = R"({"sql":"SELECT 1","limit":)" + std::to_string(rows) + "}";
  auto object = JsonObject::parse(text);
  REQUIRE(object);
  Params in(std::move(*object));
  const auto wish = read_sql(in);
  return wish ? "asked" : wish.error().code.message();
}

std::string head_of_bytes(std::size_t size) {
  const std::string begin = "GET / HTTP/1.1\r\nHost: localhost:7760\r\nX: ";
  return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
}

}  // namespace

TEST_CASE("64 jobs that may be left out wait for another thread, and no more") {
  for (const int offered : {64, 65, 640}) {
    std::deque<std::function<void()>> waiting;
    int done = 0;
    const FewJobs few(limits::kPresencesWaitingMax);
    const auto offer = [&] {
      few.post([&](std::function<void()> job) { waiting.push_back(std::move(job)); },
               [&] { ++done; });
    };
    for (int i = 0; i < offered; ++i) offer();
    CHECK(waiting.size() == limits::kPresencesWaitingMax);
    waiting.front()();
    waiting.pop_front();
    offer();
    offer();
    CHECK(waiting.size() == limits::kPresencesWaitingMax);
    CHECK(done == 1);
  }
}

TEST_CASE("a known device has eight addresses: those where it was met last") {
  QuietLinks scene;
  const DeviceId device = support::numbered_id<DeviceId>(1);
  const auto met_at = [&](std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i)
      scene.links.know(device, "10.0.1." + std::to_string(i) + ":7761", true);
    auto where = scene.where(device);
    std::sort(where.begin(), where.end());
    return where;
  };
  CHECK(met_at(101, 8).size() == 8);
  CHECK(met_at(109, 1).front() == "10.0.1.102:7761");
  const auto last = met_at(110, 80);
  CHECK(last.size() == 8);
  CHECK(last.front() == "10.0.1.182:7761");
}

TEST_CASE("a message of one who is not known has 512 bytes, and no more") {
  constexpr std::size_t kMax = limits::kStrangersMessageBytesMax;
  CHECK(heard_by_link(kMax, false) == "1");
  CHECK(heard_by_link(kMax + 1, false) == "too large");
  CHECK(heard_by_link(10 * kMax, false) == "too large");
  CHECK(heard_by_link(10 * kMax, true) == "1");
}

TEST_CASE("at most 16 addresses are called at once for one device") {
  for (const auto& [configured, called] :
       {std::pair(15, 15U), std::pair(16, 16U), std::pair(17, 16U), std::pair(160, 16U)}) {
    QuietLinks scene;
    const DeviceId device = support::numbered_id<DeviceId>(1);
    scene.links.know(device, "", true);
    for (int i = 0; i < configured; ++i)
      scene.links.know_address("10.0.2." + std::to_string(i) + ":7761");
    CHECK(scene.where(device).size() == called);
  }
}

TEST_CASE("a request's id has 128 bytes of JSON, and no more") {
  for (const std::size_t size : {std::size_t{128}, std::size_t{129}, std::size_t{1280}}) {
    const std::string id = '"' + std::string(size - 2, 'i') + '"';
    CHECK(parse_request(R"({"id":)" + id + R"(,"method":"m"})").has_value() == (size == 128));
  }
}

TEST_CASE("what a client calls a change has 256 bytes, and no more") {
  const crypto::SodiumHasher hasher;
  for (const std::size_t size : {std::size_t{256}, std::size_t{257}, std::size_t{2560}})
    CHECK(mutation_of("app", std::string(size, 'm'), {}, hasher).has_value() == (size == 256));
}

TEST_CASE("512 addresses that peers tell are kept, and what comes beyond them is dropped") {
  CHECK(is_room_behind(511));
  CHECK_FALSE(is_room_behind(512));
  CHECK_FALSE(is_room_behind(513));
  CHECK_FALSE(is_room_behind(5120));
}

TEST_CASE("64 addresses of one peer are kept, the best of each device first") {
  CHECK(called_of_one(63) == Called{63, 8});
  CHECK(called_of_one(64) == Called{64, 8});
  CHECK(called_of_one(65) == Called{64, 9});
  CHECK(called_of_one(512) == Called{64, 64});
}

TEST_CASE("what all WebSockets have waiting says how much one may have") {
  CHECK(line_room(0) == limits::kSocketQueueFull);
  CHECK(line_room(kLinesWaitingMax) == limits::kSocketQueueFull);
  CHECK(line_room(kLinesWaitingMax + 1) == kSmallBody);
  CHECK(line_room(10 * kLinesWaitingMax) == kSmallBody);
}

TEST_CASE("a record that is imported has 65 levels, and no more") {
  CHECK(import_of_levels(limits::kRecordDepthMax) == "imported");
  CHECK(import_of_levels(limits::kRecordDepthMax + 1) == "too large");
  CHECK(import_of_levels(10 * limits::kRecordDepthMax) == "too large");
}

TEST_CASE("a question in SQL asks for 10,000 rows, and no more") {
  CHECK(outcome_of_rows(10'000) == "asked");
  CHECK(outcome_of_rows(10'001) == "usage");
  CHECK(outcome_of_rows(100'000) == "usage");
}

TEST_CASE("a request's head has 16 KiB, and no more, whether its end has come or not") {
  for (const std::size_t size : {kHeadBytesMax, kHeadBytesMax + 1, 10 * kHeadBytesMax}) {
    const bool is_good = size <= kHeadBytesMax;
    const std::string head = head_of_bytes(size);
    CHECK(look_for_head(head).size == (is_good ? size : 0));
    CHECK(look_for_head(head).refusal.has_value() != is_good);
  }
  for (const std::size_t size : {kHeadBytesMax - 1, kHeadBytesMax, 10 * kHeadBytesMax}) {
    const std::string begun = head_of_bytes(size + 4).substr(0, size);
    CHECK(look_for_head(begun).size == 0);
    CHECK(look_for_head(begun).refusal.has_value() == (size >= kHeadBytesMax));
  }
}
