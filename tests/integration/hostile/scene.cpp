#include "tests/integration/hostile/scene.hpp"

#include "replication/types/device_id_text.hpp"

namespace lanyard::hostile {
namespace {

constexpr const char* kSpace = "notes";
constexpr std::size_t kPeakBytesMax = 16 * limits::kMiB;

}  // namespace

Scene::Scene() : mallory_id_(to_text(mallory.id())) {
  agent.call("device.add", {{"id", mallory_id_}});
  agent.call("space.create", {{"name", kSpace}});
  for (const char* key : {"n1", "n2", "n3"}) {
    agent.call("data.put", {{"space", kSpace},
                            {"collection", "notes"},
                            {"key", key},
                            {"value", {{"text", std::string("of ") + key}}}});
  }
  const Json other = agent.call("space.create", {{"name", "private"}});
  not_shared = *space_id_from_text(other.at("id").get<std::string>());
  admit_mallory();
  open_log();
}

Scene::~Scene() {
  if (costs) report_attack(Catch::getResultCapture().getCurrentTestName(), *costs);
}

void Scene::admit_mallory() {
  const Json shared = agent.call("space.share", {{"space", kSpace}, {"device", mallory_id_}});
  space.id = *space_id_from_text(shared.at("space").at("id").get<std::string>());
  log = std::make_unique<oplog::LogWriter>(mallory, space);
}

/// As an honest device does when it writes for the first time.
void Scene::open_log() {
  const Link peer = link();
  const Seen before = seen();
  REQUIRE(peer->say(live(*this, log->open(context()))));
  REQUIRE(is_answered(*peer));
  REQUIRE(seen().changes == before.changes + 1);
}

void Scene::take_key(const wire::Grant& grant) {
  const auto ops = oplog::read_open(grant.payload);
  REQUIRE(ops);
  for (const oplog::OpenOp& op : *ops) {
    const auto* admit = std::get_if<oplog::Admit>(&op);
    REQUIRE(admit != nullptr);
    for (const oplog::Grant& each : admit->grants) {
      REQUIRE(mallory.keys.take_grant(each.epoch, each.sealed));
      space.epoch = each.epoch;
    }
  }
}

// ---- links

bool Scene::is_unlinked() { return !agent.device(mallory_id_).at("linked").get<bool>(); }

Scene::Link Scene::secured_link() {
  // A second link while the first is still believed in would be a matter of its own.
  if (const Link last = last_link_.lock()) last->hang_up();
  REQUIRE(comes_about([&] { return is_unlinked(); }));
  auto peer = std::make_shared<HostilePeer>(mallory.identity, mallory.chance);
  last_link_ = peer;
  REQUIRE(peer->dial(agent.sync_port()));
  REQUIRE(peer->shake_hands());
  return peer;
}

Scene::Link Scene::link() {
  Link peer = secured_link();
  REQUIRE(peer->say(wire::Hello{"test", {}, "mallory", 0}));
  REQUIRE(peer->say(wire::Pull{space.id, clock_, limits::kPeerWindowBytesMax}));
  bool pulled = false;
  bool told = false;
  while (!pulled || !told) {
    const auto message = peer->hear();
    INFO(agent.log());
    REQUIRE(message);
    if (const auto* grant = std::get_if<wire::Grant>(&*message)) take_key(*grant);
    if (const auto* step = std::get_if<wire::InStep>(&*message)) {
      told = true;
      clock_ = step->clock;
    }
    if (const auto* part = std::get_if<wire::PackPart>(&*message))
      REQUIRE(peer->say(wire::Credit{space.id, part->bytes.size()}));
    pulled = pulled || std::holds_alternative<wire::Pull>(*message);
  }
  REQUIRE(peer->say(wire::InStep{space.id, clock_}));
  return peer;
}

std::vector<oplog::ContextEntry> Scene::context() const {
  std::vector<oplog::ContextEntry> out;
  for (const auto& [id, head] : clock_) {
    if (id != log->log()) out.push_back({id, head});
  }
  return out;
}

oplog::ContextEntry Scene::agents_head() const { return context().front(); }

DeviceId Scene::agents_device() {
  const auto device =
      device_id_from_text(agent.call("agent.info").at("agent").at("id").get<std::string>());
  REQUIRE(device);
  return *device;
}

// ---- what there is to see

void check_kept_without_effect(const Seen& before, const Seen& after) {
  CHECK(after.state_hash == before.state_hash);
  CHECK(after.changes == before.changes + 1);
  CHECK(after.without_effect == before.without_effect + 1);
}

Seen Scene::seen() {
  const Json info = agent.call("space.info", {{"space", kSpace}});
  Seen out{info.at("state_hash"), info.at("changes"), 0, {}};
  for (const Json& each : info.at("withoutEffect")) {
    INFO(each.dump());
    REQUIRE(each.at("author") == mallory_id_);
    out.without_effect += each.at("changes").get<std::uint64_t>();
    out.reasons.insert(each.at("why"));
  }
  return out;
}

bool Scene::has_record(const std::string& key) {
  const Json found = agent.call("data.query", {{"space", kSpace}, {"collection", "notes"}});
  for (const Json& each : found.at("records")) {
    if (each.at("key") == key) return true;
  }
  return false;
}

bool Scene::hear_answer(HostilePeer& peer, std::vector<wire::Message>* others) {
  const wire::Message answer = wire::Ping{++pings_, true};
  if (!peer.say(wire::Ping{pings_, false})) return false;
  while (auto heard = peer.hear()) {
    if (*heard == answer) return true;
    if (others != nullptr) others->push_back(std::move(*heard));
  }
  return false;
}

std::vector<wire::Message> Scene::answers(HostilePeer& peer, const wire::Message& message) {
  std::vector<wire::Message> out;
  REQUIRE(peer.say(message));
  REQUIRE(hear_answer(peer, &out));
  agent.call("status.get");  // waits behind storage and network, as whatever was set going does
  REQUIRE(hear_answer(peer, &out));
  return out;
}

std::string Scene::last_failure() { return agent.device(mallory_id_).at("lastFailure"); }

std::set<Hash> Scene::forwarded() {
  std::set<Hash> out;
  const Link peer = link();
  REQUIRE(peer->say(wire::Pull{space.id, {}, limits::kPeerWindowBytesMax}));
  Bytes pack;
  while (auto message = peer->hear()) {
    if (std::holds_alternative<wire::InStep>(*message)) return out;
    const auto* part = std::get_if<wire::PackPart>(&*message);
    if (part == nullptr) continue;
    append(pack, part->bytes);
    if (!part->last) continue;
    const auto read = oplog::read_pack(std::exchange(pack, {}), mallory.keys, oplog::hasher());
    REQUIRE(read);
    for (const oplog::Change& change : read->changes) out.insert(change.hash);
  }
  return {};
}

void Scene::check_all_is_well() {
  INFO(agent.log());
  REQUIRE(agent.is_running());
  const std::string key = "honest" + std::to_string(++honest_);
  const Link peer = link();
  REQUIRE(peer->say(live(*this, log->put(key))));
  REQUIRE(is_answered(*peer));
  for (const std::string& each : {std::string("n1"), std::string("n2"), std::string("n3"), key})
    CHECK(comes_about([&] { return has_record(each); }));
}

// ---- messages

wire::LiveRun live(const Scene& scene, const oplog::Change& change) {
  return engine::make_live_run(scene.space.id, {&change, 1}, scene.log->sign(change));
}

wire::PackPart in_a_pack(const Scene& scene, const std::vector<oplog::Change>& changes) {
  return {scene.space.id, true, packed(changes, {scene.log.get()})};
}

bool say_in_parts(HostilePeer& peer, const wire::Message& message) {
  const auto* whole = std::get_if<wire::PackPart>(&message);
  if (whole == nullptr) return peer.say(message);
  ByteView left = whole->bytes;
  while (left.size() > limits::kPackPartBytesMax) {
    const ByteView part = left.first(limits::kPackPartBytesMax);
    left = left.subspan(part.size());
    if (!peer.say(wire::PackPart{whole->space, false, to_bytes(part)})) return false;
  }
  return peer.say(wire::PackPart{whole->space, whole->last, to_bytes(left)});
}

std::size_t say_packs(HostilePeer& peer, const Scene& scene, const std::vector<Bytes>& packs) {
  std::size_t said = 0;
  std::uint64_t credit = limits::kPeerWindowBytesMax;
  for (const Bytes& pack : packs) {
    while (credit < pack.size()) {
      const auto given = peer.hear_next<wire::Credit>();
      REQUIRE(given);
      credit += given->bytes;
    }
    credit -= pack.size();
    said += pack.size();
    REQUIRE(say_in_parts(peer, wire::PackPart{scene.space.id, true, pack}));
  }
  return said;
}

bool comes_at_last(const std::function<bool()>& condition) {
  for (int i = 0; i < 10; ++i)
    if (comes_about(condition)) return true;
  return false;
}

std::uint64_t changes_of(AgentProcess& agent, const Scene& scene) {
  return agent.call("space.info", {{"space", to_text(scene.space.id)}}).at("changes");
}

std::size_t count_known(AgentProcess& agent) {
  return agent.call("device.list").at("devices").size();
}

void join(Scene& scene, AgentProcess& other) {
  const Json agent = scene.agent.call("agent.info").at("agent");
  const Json self = other.call("agent.info").at("agent");
  scene.agent.call("device.add", {{"id", self.at("id")}});
  other.call("device.add", {{"id", agent.at("id")},
                            {"at", "127.0.0.1:" + std::to_string(scene.agent.sync_port())}});
  scene.agent.call("space.share", {{"space", to_text(scene.space.id)}, {"device", self.at("id")}});
  const bool has_joined = comes_about([&] {
    const Json list = other.call("space.list");
    for (const Json& each : list.at("spaces"))
      if (each.at("id") == to_text(scene.space.id)) return true;
    return false;
  });
  INFO(other.log());
  REQUIRE(has_joined);
}

void check_peak([[maybe_unused]] const Usage& used) {
#ifndef LANYARD_SANITIZED
  CHECK(used.memory_bytes <= kPeakBytesMax);
#endif
}

void check_costs(Scene& scene, const Watch& watch) {
  const Usage used = watch.used();
  if (!scene.costs) scene.costs.emplace();
  scene.costs->add(used);
  check_peak(used);
}

}  // namespace lanyard::hostile
