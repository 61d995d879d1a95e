#include "tests/support/engine_bench.hpp"

#include "replication/types/check.hpp"

namespace lanyard::support {
namespace {

DeviceId device_id(std::uint64_t number) { return Chance(number).fixed<DeviceId>(); }

Bytes text_value(const std::string& text) {
  Bytes out;
  CanonicalWriter(out).text(text);
  return out;
}

}  // namespace

std::string word_for(const wire::Message& message) {
  static const std::vector<std::string> words{
      "hello",     "root",        "buckets", "digests",  "pull",        "grant",       "pack",
      "in step",   "live",        "have",    "credit",   "acknowledge", "ping",        "bye",
      "addresses", "fork points", "fork",    "presence", "forgotten",   "shared again"};
  return words.at(message.index());
}

// ---- one device

BenchDevice::BenchDevice(std::string given_name, std::uint64_t number)
    : name(std::move(given_name)),
      id(device_id(number)),
      chance_(number),
      signer_(id),
      ciphers_(id, chance_),
      vault_({signer_, hasher_, ciphers_, chance_}, {}) {
  engine_ = std::make_unique<engine::Engine>(engine::Config{id, name, "bench"}, hasher_, verifier_,
                                             ciphers_);
}

SpaceId BenchDevice::found() {
  const auto founding = chance_.fixed<oplog::Founding>();
  const SpaceId space = oplog::space_id_of(id, founding, hasher_);
  commit(store(space).found(founding, {1}));
  return space;
}

void BenchDevice::admit(const SpaceId& space, const DeviceId& device) {
  commit(store(space).admit(device, {1}));
}

void BenchDevice::put(const SpaceId& space, const std::string& key, const std::string& text) {
  merge::LocalOp op;
  op.collection = "notes";
  op.key = key;
  op.fields = {{"text", text_value(text)}};
  MemoryStore::WriteOutcome outcome = store(space).write({{{op}}}, {1});
  LANYARD_CHECK(outcome.answers.front().has_value(), "a put of a test is good");
  commit(std::move(outcome));
}

void BenchDevice::commit(MemoryStore::WriteOutcome outcome) {
  for (engine::Committed& run : outcome.runs) inputs_.emplace_back(std::move(run));
}

// ---- all of them

EngineBench::EngineBench(const std::vector<std::string>& names) {
  for (const std::string& name : names) add(name);
}

void EngineBench::add(const std::string& name) {
  devices_[name] = std::make_unique<BenchDevice>(name, 101 + devices_.size());
}

BenchDevice& EngineBench::operator[](const std::string& name) { return *devices_.at(name); }

void EngineBench::connect(const std::string& a, const std::string& b) {
  const engine::LinkId at_a{next_link_++};
  const engine::LinkId at_b{next_link_++};
  directions_[{a, b}] = {};
  directions_[{b, a}] = {};
  direction(a, b).from = direction(b, a).to = at_a;
  direction(a, b).to = direction(b, a).from = at_b;
  direction(a, b).up = direction(b, a).up = true;
  step(*devices_.at(a), engine::PeerUp{at_a, devices_.at(b)->id});
  step(*devices_.at(b), engine::PeerUp{at_b, devices_.at(a)->id});
}

void EngineBench::cut(const std::string& a, const std::string& b) {
  for (const auto& [from, to] : {Pair{a, b}, Pair{b, a}}) {
    Direction& gone = direction(from, to);
    if (!gone.up) continue;
    gone.up = false;
    gone.under_way.clear();
    step(*devices_.at(from), engine::PeerDown{gone.from});
  }
}

bool EngineBench::is_linked(const std::string& a, const std::string& b) const {
  const auto found = directions_.find({a, b});
  return found != directions_.end() && found->second.up;
}

void EngineBench::step(BenchDevice& device, engine::Input input) {
  for (engine::Effect& effect : device.engine_->step(std::move(input), now()))
    perform(device, std::move(effect));
}

EngineBench::Direction* EngineBench::leaving(const BenchDevice& device, engine::LinkId link,
                                             std::string& to) {
  for (auto& [pair, each] : directions_) {
    if (pair.first != device.name || each.from != link || !each.up) continue;
    to = pair.second;
    return &each;
  }
  return nullptr;
}

void EngineBench::perform(BenchDevice& device, engine::Effect effect) {
  std::string to;
  if (const auto* send = std::get_if<engine::Send>(&effect)) {
    Direction* out = leaving(device, send->link, to);
    LANYARD_CHECK(out != nullptr, "nothing is sent on a link that is gone");
    auto message = wire::decode(send->message, out->names);
    LANYARD_CHECK(message.has_value(), "engines send what can be read");
    out->said.push_back(std::move(*message));
    out->bytes += send->message.size();
    out->under_way.push_back(send->message);
  } else if (const auto* drop = std::get_if<engine::DropPeer>(&effect)) {
    Direction* out = leaving(device, drop->link, to);
    LANYARD_CHECK(out != nullptr, "only a link that is up is dropped");
    out->up = false;  // what was said before still arrives
    direction(to, device.name).under_way.clear();
  } else if (auto* notify = std::get_if<engine::Notify>(&effect)) {
    device.vault_.noticed(notify->notice);
    device.notices_.push_back(std::move(notify->notice));
  } else {
    device.waiting_.push_back(std::move(effect));
  }
}

void EngineBench::let_storage(const std::string& name, std::size_t count) {
  BenchDevice& device = *devices_.at(name);
  while (!device.inputs_.empty()) {
    engine::Input input = std::move(device.inputs_.front());
    device.inputs_.pop_front();
    step(device, std::move(input));
  }
  for (; count > 0 && !device.waiting_.empty(); --count) {
    const engine::Effect effect = std::move(device.waiting_.front());
    device.waiting_.pop_front();
    if (auto input = device.vault_.perform(effect, now().wall)) step(device, std::move(*input));
  }
}

void EngineBench::run_storage() {
  for (bool more = true; more;) {
    more = false;
    for (auto& [name, device] : devices_) {
      const bool asked = !device->waiting_.empty() && !device->holds_storage;
      if (!asked && device->inputs_.empty()) continue;
      more = true;
      let_storage(name, device->holds_storage ? 0 : 1);
    }
  }
}

void EngineBench::deliver(const std::string& from, const std::string& to, std::size_t count) {
  for (; count > 0 && !direction(from, to).under_way.empty(); --count) {
    Direction& way = direction(from, to);
    Bytes message = std::move(way.under_way.front());
    way.under_way.pop_front();
    step(*devices_.at(to), engine::Received{way.to, std::move(message)});
  }
}

bool EngineBench::deliver_any() {
  for (auto& [pair, way] : directions_) {
    if (!way.under_way.empty()) {
      deliver(pair.first, pair.second);
      return true;
    }
    Direction& back = direction(pair.second, pair.first);
    if (!way.up && back.up) {  // the other end closed it
      back.up = false;
      step(*devices_.at(pair.second), engine::PeerDown{way.to});
      return true;
    }
  }
  return false;
}

void EngineBench::run() {
  do {
    run_storage();
  } while (deliver_any());
}

void EngineBench::say(const std::string& from, const std::string& to, const Bytes& bytes) {
  step(*devices_.at(to), engine::Received{direction(from, to).to, bytes});
}

void EngineBench::say(const std::string& from, const std::string& to,
                      const wire::Message& message) {
  say(from, to, wire::encode(message, direction(from, to).names));
}

void EngineBench::pass(std::chrono::milliseconds time) {
  const engine::Instant until{mono_.since_origin + time};
  while (true) {
    run();
    engine::Instant next = until;
    for (const auto& [name, device] : devices_) {
      if (const auto deadline = device->engine_->next_deadline()) next = std::min(next, *deadline);
    }
    LANYARD_CHECK(next == until || next > mono_, "a deadline that passed is gone");
    mono_ = next;
    for (const auto& [name, device] : devices_) step(*device, engine::TimePassed{});
    if (next == until) break;
  }
  run();
}

void EngineBench::power_cut(const std::string& name) {
  BenchDevice& device = *devices_.at(name);
  for (auto& [pair, way] : directions_) {
    if (pair.first == name) cut(pair.first, pair.second);
  }
  device.waiting_.clear();
  device.inputs_.clear();
  device.vault_.power_cut(now().wall);
  device.engine_ = std::make_unique<engine::Engine>(
      engine::Config{device.id, name, "bench"}, device.hasher_, device.verifier_, device.ciphers_);
}

std::vector<wire::Message> EngineBench::take_said(const std::string& from, const std::string& to) {
  return std::exchange(direction(from, to).said, {});
}

std::vector<std::string> EngineBench::take_words(const std::string& from, const std::string& to) {
  std::vector<std::string> words;
  for (const wire::Message& message : take_said(from, to)) words.push_back(word_for(message));
  return words;
}

std::uint64_t EngineBench::bytes_said(const std::string& from, const std::string& to) const {
  return directions_.at({from, to}).bytes;
}

}  // namespace lanyard::support
