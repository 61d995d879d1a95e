#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "replication/wire/codec.hpp"
#include "replication/wire/framing.hpp"
#include "replication/wire/version.hpp"

/// Bytes of wire version 1. They never change: a test that fails here is a break between devices.
/// To add to them, run `test_wire "[write-golden]"` once, look at what it did to
/// tests/golden/messages.json, and check it in.

namespace {

using namespace lanyard;
using namespace lanyard::wire;
using nlohmann::json;

const std::string kFile = std::string(LANYARD_TEST_FOLDER) + "/golden/messages.json";

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed out;
  out.bytes.fill(byte);
  return out;
}

const auto kSpace = filled<SpaceId>(0x11);
const auto kLog = filled<LogId>(0x22);
const auto kOther = filled<LogId>(0x33);
const Head kHead{{70'000}, filled<Hash>(0x44)};
const VectorClock kClock{{kLog, kHead}, {kOther, {{1}, filled<Hash>(0x55)}}};

LiveRun a_run() {
  LiveRun run{kSpace, kLog, {70'001}, {}, filled<Signature>(0x66)};
  LiveRun::Item sealed;
  sealed.timestamp = {1'800'000'000'000ULL << 16};
  sealed.context = {{kOther, {{2}, filled<Hash>(0x77)}}};
  sealed.epoch = filled<EpochId>(0x88);
  sealed.payload = {0, 0x90};
  LiveRun::Item open;
  open.kind = oplog::ChangeKind::kOpen;
  open.timestamp = {sealed.timestamp.value + 1};
  open.payload = {0, 0x90};
  open.signature = filled<Signature>(0x99);
  LiveRun::Item kept = sealed;
  kept.form = oplog::PayloadForm::kSealed;
  kept.timestamp = {open.timestamp.value + (1 << 16)};
  kept.context.clear();
  kept.payload = Bytes(41, 0xAA);
  run.items = {sealed, open, kept};
  return run;
}

DigestBuckets buckets() {
  DigestBuckets message;
  message.buckets.resize(256);
  message.buckets[0x11] = filled<Hash>(0xBB);
  return message;
}

/// One message of each type and more, in the order in which one link carries them.
std::vector<std::pair<std::string, Message>> messages() {
  return {
      {"hello", Hello{"0.1.0", {"one", "two"}, "Küche", 1'800'000'000'000}},
      {"digest root", DigestRoot{filled<Hash>(0xCC)}},
      {"digest buckets", buckets()},
      {"digest spaces", DigestSpaces{{{kSpace, filled<Hash>(0xDD)}}, true}},
      {"pull", Pull{kSpace, kClock, 4'194'304}},
      {"grant", Grant{kSpace,
                      filled<DeviceId>(0xEE),
                      filled<Incarnation>(0xFF),
                      {1, 2, 3},
                      {4, 5},
                      filled<Signature>(0x12)}},
      {"pack part", PackPart{kSpace, false, {1, 0, 0x94}}},
      {"pack part, known space", PackPart{kSpace, true, {0x90}}},
      {"in step", InStep{kSpace, kClock}},
      {"live run, new names", a_run()},
      {"live run, known names", a_run()},
      {"have", Have{kSpace, kLog, kHead}},
      {"credit", Credit{kSpace, 262'144}},
      {"acknowledge", Acknowledge{kSpace, kClock}},
      {"ping", Ping{7, false}},
      {"pong", Ping{7, true}},
      {"bye", Bye{ByeCode::kRefused}},
      {"addresses",
       Addresses{{{filled<DeviceId>(0x21), {{{10, 0, 0, 2}, 7761}, {Bytes(16, 0xFD), 65'535}}}}}},
      {"fork points", ForkPoints{kSpace, kLog, {kHead, {{69'999}, filled<Hash>(0x55)}}}},
      {"fork", Fork{kSpace, filled<DeviceId>(0xEE), filled<Incarnation>(0xFF), {1, 0, 0x94}, {}}},
      {"presence", Presence{kSpace, "notes", {0x81, 0xA1, 'x', 0x01}}},
      {"forgotten", Forgotten{{{filled<DeviceId>(0x31), filled<DeviceId>(0x32), 1'800'000'000'000,
                                true, filled<Signature>(0x33)}}}},
      {"shared again", SharedAgain{kSpace}},
      {"names", Names{{{filled<DeviceId>(0x21), "Küche"}, {filled<DeviceId>(0x22), "phone"}}}},
      {"clock part", ClockPart{kSpace, kClock}},
  };
}

json to_file() {
  LinkNames names;
  json out{
      {"offer", to_hex(offer({1, 1}))}, {"answer", to_hex(answer(1))}, {"messages", json::array()}};
  for (const auto& [name, message] : messages())
    out["messages"].push_back({{"name", name}, {"bytes", to_hex(encode(message, names))}});
  out["frames"] = json::array();
  for (const Bytes& frame : split_frames(Bytes{0x92, 14, 0}))
    out["frames"].push_back(to_hex(frame));
  return out;
}

json read_file() {
  std::ifstream file(kFile);
  return file ? json::parse(file) : json::object();
}

TEST_CASE("prefaces, frames and messages have the bytes that wire version 1 has always had") {
  json file = read_file();
  file.erase("about");
  CHECK(to_file().dump(1) == file.dump(1));
}

TEST_CASE("the messages of wire version 1 are read as what they were") {
  LinkNames names;
  const json file = read_file();
  const auto expected = messages();
  REQUIRE(file.at("messages").size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const json& row = file.at("messages")[i];
    const auto message = decode(from_hex(row.at("bytes").get<std::string>()).value(), names);
    REQUIRE(message.has_value());
    CHECK(row.at("name") == expected[i].first);
    CHECK(*message == expected[i].second);
  }
}

TEST_CASE("write the golden messages", "[.write-golden]") {
  json file = to_file();
  file["about"] =
      "Bytes of wire version 1, hexadecimal; the messages follow each other on one link. See "
      "tests/unit/wire/test_golden.cpp.";
  std::ofstream(kFile) << file.dump(1) << '\n';
}

}  // namespace
