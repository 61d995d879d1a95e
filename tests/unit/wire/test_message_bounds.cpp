#include <catch2/catch.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/codec.hpp"
#include "tests/support/memory_peak.hpp"
#include "tests/support/numbered_id.hpp"

/// Each list, text and value of a message that has a bound: as long as it may be, one longer, ten
/// times as long.
namespace {

using namespace lanyard;
using namespace lanyard::wire;
using support::numbered_id;

/// A part of a message whose size a peer chooses.
struct BoundedPart {
  const char* name;
  std::size_t bound;
  std::function<Message(std::size_t size)> with;
};

VectorClock clock_of_logs(std::size_t count) {
  VectorClock clock;
  for (std::size_t i = 0; i < count; ++i)
    clock.emplace_hint(clock.end(), numbered_id<LogId>(i), Head{{UINT64_MAX}, {}});
  return clock;
}

LiveRun run_of_items(std::size_t count) {
  LiveRun run{{}, {}, {1}, {}, {}};
  run.items.resize(count);
  for (LiveRun::Item& item : run.items) item.epoch.bytes[0] = 1;
  return run;
}

LiveRun run_with_payload(std::size_t size) {
  LiveRun run = run_of_items(1);
  run.items.front().payload = Bytes(size);
  return run;
}

LiveRun run_with_context(std::size_t size) {
  LiveRun run = run_of_items(1);
  for (const auto& [log, head] : clock_of_logs(size))
    run.items.front().context.push_back({log, {{1}, {}}});
  return run;
}

Addresses addresses_of(std::size_t devices, std::size_t addresses) {
  Addresses message;
  for (std::size_t i = 0; i < devices; ++i)
    message.devices.push_back({numbered_id<DeviceId>(i),
                               std::vector(addresses, Addresses::Endpoint{{127, 0, 0, 1}, 7761})});
  return message;
}

Names names_of(std::size_t devices, std::size_t name_bytes) {
  Names message;
  for (std::size_t i = 0; i < devices; ++i)
    message.devices.push_back({numbered_id<DeviceId>(i), std::string(name_bytes, 'n')});
  return message;
}

ForkPoints points_of(std::size_t count) {
  return {{}, {}, std::vector(count, Head{{UINT64_MAX}, {}})};
}

Forgotten forgotten_of(std::size_t count) { return {std::vector<oplog::Forgetting>(count)}; }

DigestSpaces spaces_of(std::size_t count) {
  DigestSpaces message;
  message.spaces.resize(count);
  return message;
}

/// A text, which with what says how long it is comes to so many bytes.
Presence presence_of_bytes(std::size_t size) {
  Presence message{{}, "notes", {}};
  CanonicalWriter(message.value).text(std::string(size - 3, 'p'));
  return message;
}

std::vector<BoundedPart> lists_and_texts() {
  return {
      {"features of a hello", limits::kFeaturesMax,
       [](std::size_t n) {
         return Hello{"", std::vector<std::string>(n), "", 0};
       }},
      {"a build's name", limits::kNameBytesMax,
       [](std::size_t n) {
         return Hello{std::string(n, 'b'), {}, "", 0};
       }},
      {"a feature's name", limits::kNameBytesMax,
       [](std::size_t n) {
         return Hello{"", {std::string(n, 'f')}, "", 0};
       }},
      {"a device's own name", limits::kNameBytesMax,
       [](std::size_t n) {
         return Hello{"", {}, std::string(n, 'd'), 0};
       }},
      {"an app's name", limits::kNameBytesMax,
       [](std::size_t n) {
         return Presence{{}, std::string(n, 'a'), {1}};
       }},
      {"the name of a device that is told of", limits::kNameBytesMax,
       [](std::size_t n) { return names_of(1, n); }},
      {"spaces of a page of digests", limits::kDigestPageSpacesMax,
       [](std::size_t n) { return spaces_of(n); }},
      {"changes of a live run", limits::kPackChangesMax,
       [](std::size_t n) { return run_of_items(n); }},
      {"context entries of a live change", limits::kContextEntriesMax,
       [](std::size_t n) { return run_with_context(n); }},
      {"devices whose addresses are told", limits::kToldDevicesMax,
       [](std::size_t n) { return addresses_of(n, 1); }},
      {"addresses of one device", limits::kToldAddressesMax,
       [](std::size_t n) { return addresses_of(1, n); }},
      {"devices whose names are told", limits::kToldDevicesMax,
       [](std::size_t n) { return names_of(n, 1); }},
      {"points of a log", limits::kForkPointsMax, [](std::size_t n) { return points_of(n); }},
      {"words of who is forgotten", oplog::kForgettingsMax,
       [](std::size_t n) { return forgotten_of(n); }},
  };
}

/// Those whose tenfold is longer than a message may be.
std::vector<BoundedPart> clocks_and_bytes() {
  return {
      {"logs of a pull's clock", limits::kClockLogsMax,
       [](std::size_t n) {
         return Pull{{}, clock_of_logs(n), 0};
       }},
      {"logs of an answer's clock", limits::kClockLogsMax,
       [](std::size_t n) {
         return InStep{{}, clock_of_logs(n)};
       }},
      {"logs of a part of a clock", limits::kClockLogsMax,
       [](std::size_t n) {
         return ClockPart{{}, clock_of_logs(n)};
       }},
      {"logs of an acknowledgement", limits::kClockLogsMax,
       [](std::size_t n) {
         return Acknowledge{{}, clock_of_logs(n)};
       }},
      {"a part of a pack", limits::kPackPartBytesMax,
       [](std::size_t n) {
         return PackPart{{}, true, Bytes(n)};
       }},
      {"a payload that is live", limits::kPayloadBytesMax,
       [](std::size_t n) { return run_with_payload(n); }},
      {"a payload that grants", limits::kPayloadBytesMax,
       [](std::size_t n) { return Grant{{}, {}, {}, {}, Bytes(n), {}}; }},
      {"a header that grants", limits::kPayloadBytesMax,
       [](std::size_t n) { return Grant{{}, {}, {}, Bytes(n), {}, {}}; }},
      {"the first branch of a fork", limits::kForkBranchBytesMax,
       [](std::size_t n) {
         return Fork{{}, {}, {}, Bytes(n), {}};
       }},
      {"the second branch of a fork", limits::kForkBranchBytesMax,
       [](std::size_t n) {
         return Fork{{}, {}, {}, {}, Bytes(n)};
       }},
      {"a presence", limits::kPresenceBytesMax, [](std::size_t n) { return presence_of_bytes(n); }},
  };
}

std::string outcome_of_size(const BoundedPart& part, std::size_t size) {
  LinkNames sender;
  LinkNames receiver;
  const Message message = part.with(size);
  const auto heard = decode(encode(message, sender), receiver);
  if (!heard) return heard.error().code.message();
  return *heard == message ? "heard" : "heard as another";
}

TEST_CASE("each part of a message is heard at its bound, and refused one and ten times above") {
  for (const auto& parts : {lists_and_texts(), clocks_and_bytes()}) {
    for (const BoundedPart& part : parts) {
      INFO(part.name);
      CHECK(outcome_of_size(part, part.bound) == "heard");
      CHECK(outcome_of_size(part, part.bound + 1) == "too large");
      CHECK(outcome_of_size(part, part.bound * 10) == "too large");
    }
  }
}

/// A live run of several large payloads that is so long as a message.
Bytes message_of_bytes(std::size_t size) {
  LiveRun run = run_of_items(1 + size / limits::kPayloadBytesMax);
  const auto encoded = [&](std::size_t payload) {
    std::size_t left = payload;
    for (LiveRun::Item& item : run.items) {
      item.payload = Bytes(std::min(left, limits::kPayloadBytesMax));
      left -= item.payload.size();
    }
    LinkNames names;
    return encode(run, names);
  };
  const std::size_t payload = size - 1024;
  return encoded(payload + size - encoded(payload).size());
}

TEST_CASE("a message is heard at 2 MiB, and refused one byte and ten times above") {
  const auto outcome_at = [](std::size_t size) {
    const Bytes bytes = message_of_bytes(size);
    REQUIRE(bytes.size() == size);
    LinkNames names;
    const support::MemoryPeak peak;
    const auto heard = decode(bytes, names);
    if (!heard) CHECK(peak.bytes() < limits::kKiB);
    return heard ? "heard" : heard.error().code.message();
  };
  CHECK(outcome_at(limits::kMessageBytesMax) == "heard");
  CHECK(outcome_at(limits::kMessageBytesMax + 1) == "too large");
  CHECK(outcome_at(limits::kMessageBytesMax * 10) == "too large");
}

}  // namespace
