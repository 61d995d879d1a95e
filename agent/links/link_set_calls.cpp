// Whom this device knows, where it looks for them, and whom it calls.
#include "agent/clock.hpp"
#include "agent/links/link_set.hpp"
#include "discovery/ip_address.hpp"
#include "replication/wire/codec.hpp"
#include "storage/descriptors.hpp"

namespace lanyard::agent {
namespace {

/// Between two times that everybody who is missing is called because somebody asks.
constexpr discovery::Tick kBetweenAll{1000};

}  // namespace

// ---- who is known

void LinkSet::know(const DeviceId& device, const std::string& address, bool is_paired) {
  known_[device].is_paired = is_paired;
  if (!address.empty()) learn(device, address);
  plan_.welcome(device, mono_now());
  dial_due();
}

void LinkSet::learn(const DeviceId& device, const std::string& address) {
  auto& addresses = known_[device].addresses;
  std::erase(addresses, address);
  addresses.insert(addresses.begin(), address);
  plan_.add(address, discovery::Source::kKnown, device, mono_now());
  if (addresses.size() <= kAddressesMax) return;
  plan_.withdraw(addresses.back(), discovery::Source::kKnown, mono_now());
  addresses.pop_back();
}

void LinkSet::know_address(const std::string& address) {
  plan_.add(address, discovery::Source::kStatic, std::nullopt, mono_now());
  dial_due();
}

void LinkSet::forget(const DeviceId& device) {
  known_.erase(device);
  told_.erase(device);
  plan_.remove(device, mono_now());
}

void LinkSet::sighted(const std::string& address, const std::string& instance,
                      discovery::Newcomer newcomer) {
  plan_.sighted(address, instance, mono_now(), newcomer);
  dial_due();
}

void LinkSet::unsighted(const std::string& address) {
  plan_.withdraw(address, discovery::Source::kSighted, mono_now());
}

void LinkSet::told(const DeviceId& peer, const wire::Addresses& addresses) {
  const std::set<std::string> before = std::exchange(told_[peer], {});
  std::size_t others = 0;
  for (const auto& [teller, each] : told_) others += each.size();
  std::set<std::string>& now = told_[peer];
  const std::size_t most = std::min(kToldByOneMax, others < kToldMax ? kToldMax - others : 0);
  // The best of each device, then the next of each: it may tell of more than there is room for.
  for (std::size_t rank = 0; rank < limits::kToldAddressesMax; ++rank) {
    for (const wire::Addresses::Device& device : addresses.devices) {
      if (now.size() >= most || rank >= device.endpoints.size() || !is_known(device.id) ||
          device.id == own_.device())
        continue;
      const wire::Addresses::Endpoint& endpoint = device.endpoints[rank];
      const auto ip = discovery::IpAddress::from(endpoint.ip);
      // A link-local address means another network to whoever told us.
      if (!ip || !ip->is_near() || ip->is_v6_link_local()) continue;
      const std::string address = discovery::host_and_port(*ip, {}, endpoint.port);
      now.insert(address);
      plan_.add(address, discovery::Source::kTold, device.id, mono_now());
    }
  }
  for (const std::string& address : before) {
    const bool is_told = std::any_of(told_.begin(), told_.end(), [&](const auto& each) {
      return each.second.contains(address);
    });
    if (!is_told) plan_.withdraw(address, discovery::Source::kTold, mono_now());
  }
  wait_for_next_dial();
}

std::map<DeviceId, std::vector<std::string>> LinkSet::reached() const {
  std::map<DeviceId, std::vector<std::string>> out;
  for (const auto& [device, link] : by_peer_) {
    const auto known = known_.find(device);
    if (known != known_.end()) out[device] = known->second.addresses;
  }
  return out;
}

// ---- places

bool LinkSet::are_places_taken() const {
  return by_peer_.size() >= storage::within_descriptors(3, limits::kPeersMax);
}

std::optional<engine::LinkId> LinkSet::who_gives_way() const {
  std::optional<engine::LinkId> youngest;
  for (const auto& [device, link] : by_peer_) {
    const auto known = known_.find(device);
    if (known != known_.end() && known->second.is_paired) continue;
    if (!youngest || links_.at(*youngest).since < links_.at(link).since) youngest = link;
  }
  return youngest;
}

/// For one that has no link yet. False: all places are taken by others that come first.
bool LinkSet::make_place(const DeviceId& peer) {
  if (!are_places_taken()) return true;
  const auto link = known_.at(peer).is_paired ? who_gives_way() : std::nullopt;
  if (!link) return false;
  const Error why(Code::kBusy, "all places are taken, and a paired device needs one");
  wire::LinkNames names;
  links_.at(*link).socket->send(wire::encode(wire::Bye{wire::ByeCode::kBusy}, names));
  drop(*link, why);
  owner_.down(*link, why);
  return true;
}

// ---- calling

void LinkSet::moved() {
  plan_.again_soon(mono_now());
  wait_for_next_dial();
}

void LinkSet::dial_now(const DeviceId& device) {
  const auto known = known_.find(device);
  if (known == known_.end() || by_peer_.contains(device)) return;
  known->second.last_failure.clear();
  plan_.hurry(device, mono_now());
  dial_due();
}

void LinkSet::dial_all_now() {
  const discovery::Tick now = mono_now();
  if (now - all_dialled_at_ < kBetweenAll) return;
  all_dialled_at_ = now;
  for (const auto& [device, known] : known_) plan_.hurry(device, now);
  dial_due();
}

std::vector<std::string> LinkSet::call_everywhere(const DeviceId& device,
                                                  const CallWatcher& watcher) {
  const auto known = known_.find(device);
  if (known == known_.end() || stopping_) return {};
  known->second.last_failure.clear();
  plan_.hurry(device, mono_now());
  std::vector<std::string> addresses = plan_.everywhere(device);
  if (addresses.size() > kCallsMax) addresses.resize(kCallsMax);
  for (const std::string& address : addresses) {
    plan_.calling(address);
    const auto under_way = std::find_if(links_.begin(), links_.end(), [&](const auto& each) {
      return !each.second.proven && !each.second.pairing && each.second.socket->dialed() == address;
    });
    Link& link = under_way == links_.end() ? dial(address) : under_way->second;
    link.watchers.push_back(watcher);
  }
  return addresses;
}

void LinkSet::report(const PeerLink& socket, Link& link, const std::string& failure) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  CallReport report{socket.dialed(), {}, {}, link.met, failure};
  if (const auto connected = socket.connected_at()) {
    report.to_connect = duration_cast<microseconds>(*connected - socket.dialed_at());
    report.to_settle = duration_cast<microseconds>(PeerLink::Clock::now() - *connected);
  }
  for (const CallWatcher& each : std::exchange(link.watchers, {})) each(report);
}

LinkSet::Link& LinkSet::dial(const std::string& address) {
  const auto link = make(Tcp::socket(io_), crypto::Role::kInitiator, crypto::LinkPurpose::kSync);
  link->dial(address);
  return links_.at(link->id());
}

void LinkSet::dial_due() {
  if (stopping_) return;
  for (const std::string& address : plan_.due(mono_now())) static_cast<void>(dial(address));
  wait_for_next_dial();
}

void LinkSet::wait_for_next_dial() {
  dial_timer_.cancel();
  const auto next = plan_.next();
  if (!next || stopping_) return;
  dial_timer_.expires_at(std::chrono::steady_clock::time_point(*next));
  dial_timer_.async_wait([this](const std::error_code& error) {
    if (!error) dial_due();
  });
}

}  // namespace lanyard::agent
