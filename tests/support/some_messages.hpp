#pragma once

#include <set>

#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/message.hpp"
#include "tests/support/chance.hpp"

/// Messages by chance, each within the bounds of message.hpp.
namespace lanyard::support {

/// Ids that occur again and again, as they do on one link.
struct SomeIds {
  std::vector<SpaceId> spaces;
  std::vector<LogId> logs;
  std::vector<EpochId> epochs;

  explicit SomeIds(Chance& chance) {
    for (int i = 0; i < 5; ++i) spaces.push_back(chance.fixed<SpaceId>());
    for (int i = 0; i < 12; ++i) logs.push_back(chance.fixed<LogId>());
    for (int i = 0; i < 3; ++i) epochs.push_back(chance.fixed<EpochId>());
  }
};

inline Head some_head(Chance& chance) { return {{chance.natural() | 1}, chance.fixed<Hash>()}; }

inline VectorClock some_clock(Chance& chance, const SomeIds& ids) {
  VectorClock clock;
  for (std::size_t i = chance.below(8); i > 0; --i)
    clock[chance.one_of(ids.logs)] = some_head(chance);
  return clock;
}

inline std::string some_name(Chance& chance) {
  return some_text(chance, limits::kNameBytesMax / 4 - 1);
}

inline wire::LiveRun::Item some_item(Chance& chance, const SomeIds& ids, const LogId& own,
                                     Hlc after) {
  wire::LiveRun::Item item;
  const bool open = chance.one_in(4);
  item.kind = open ? oplog::ChangeKind::kOpen : oplog::ChangeKind::kSealed;
  if (!open && chance.one_in(2)) item.form = oplog::PayloadForm::kSealed;
  item.timestamp = {after.value + 1 + chance.natural() / 2};
  for (const auto& [log, head] : some_clock(chance, ids)) {
    if (log != own) item.context.push_back({log, head});
  }
  if (!open) item.epoch = chance.one_of(ids.epochs);
  item.payload = chance.bytes(chance.below(100));
  if (open) item.signature = chance.fixed<Signature>();
  return item;
}

inline wire::LiveRun some_run(Chance& chance, const SomeIds& ids) {
  wire::LiveRun run;
  run.space = chance.one_of(ids.spaces);
  run.log = chance.one_of(ids.logs);
  run.first = {(chance.natural() >> 1) + 1};
  Hlc last;
  for (std::size_t i = chance.below(4) + 1; i > 0; --i) {
    run.items.push_back(some_item(chance, ids, run.log, last));
    last = run.items.back().timestamp;
  }
  run.signature = chance.fixed<Signature>();
  return run;
}

inline wire::Hello some_hello(Chance& chance) {
  wire::Hello hello{
      some_name(chance), {}, some_name(chance), static_cast<std::int64_t>(chance.next())};
  for (std::size_t i = chance.below(4); i > 0; --i) hello.features.push_back(some_name(chance));
  return hello;
}

inline wire::Forgotten some_forgotten(Chance& chance) {
  wire::Forgotten message;
  for (std::size_t i = chance.below(5); i > 0; --i)
    message.words.push_back({chance.fixed<DeviceId>(), chance.fixed<DeviceId>(),
                             static_cast<std::int64_t>(chance.below(1U << 30)), chance.one_in(2),
                             chance.fixed<Signature>()});
  return message;
}

inline wire::Names some_names(Chance& chance) {
  std::set<DeviceId> devices;
  for (std::size_t i = chance.below(5); i > 0; --i) devices.insert(chance.fixed<DeviceId>());
  wire::Names message;
  for (const DeviceId& id : devices) message.devices.push_back({id, some_name(chance)});
  return message;
}

/// `type`: index into Message.
inline wire::Message some_message(Chance& chance, const SomeIds& ids, std::size_t type) {
  const SpaceId space = chance.one_of(ids.spaces);
  switch (type) {
    case 0: return some_hello(chance);
    case 1: return wire::DigestRoot{chance.fixed<Hash>()};
    case 2: {
      wire::DigestBuckets message;
      for (int i = 0; i < 256; ++i) message.buckets.push_back(chance.fixed<Hash>());
      return message;
    }
    case 3: {
      wire::DigestSpaces message;
      for (const SpaceId& each : ids.spaces) message.spaces.push_back({each, chance.fixed<Hash>()});
      message.last = chance.one_in(2);
      return message;
    }
    case 4: return wire::Pull{space, some_clock(chance, ids), chance.natural()};
    case 5:
      return wire::Grant{space,
                         chance.fixed<DeviceId>(),
                         chance.fixed<Incarnation>(),
                         chance.bytes(chance.below(400)),
                         chance.bytes(chance.below(400)),
                         chance.fixed<Signature>()};
    case 6: return wire::PackPart{space, chance.one_in(2), chance.bytes(chance.below(3000))};
    case 7: return wire::InStep{space, some_clock(chance, ids)};
    case 8: return some_run(chance, ids);
    case 9: return wire::Have{space, chance.one_of(ids.logs), some_head(chance)};
    case 10: return wire::Credit{space, chance.natural()};
    case 11: return wire::Acknowledge{space, some_clock(chance, ids)};
    case 12: return wire::Ping{chance.natural(), chance.one_in(2)};
    case 13: return wire::Bye{static_cast<wire::ByeCode>(chance.below(6))};
    case 14: {
      std::set<DeviceId> devices;
      for (std::size_t i = chance.below(5); i > 0; --i) devices.insert(chance.fixed<DeviceId>());
      wire::Addresses message;
      for (const DeviceId& id : devices)
        message.devices.push_back({id, {{chance.bytes(4), 7761}, {chance.bytes(16), 1}}});
      return message;
    }
    case 15: {
      wire::ForkPoints message{space, chance.one_of(ids.logs), {}};
      for (std::size_t i = chance.below(5); i > 0; --i) message.points.push_back(some_head(chance));
      return message;
    }
    case 16: {
      const auto value = from_json(R"({"cursor":[1,2.5,null,"ä"]})");
      return wire::Presence{space, "notes", value.value_or(Bytes{0xC0})};
    }
    case 18: return some_forgotten(chance);
    case 19: return wire::SharedAgain{space};
    case 20: return some_names(chance);
    case 21: return wire::ClockPart{space, some_clock(chance, ids)};
    default:
      return wire::Fork{space, chance.fixed<DeviceId>(), chance.fixed<Incarnation>(),
                        chance.bytes(chance.below(400)), chance.bytes(chance.below(400))};
  }
}

}  // namespace lanyard::support
