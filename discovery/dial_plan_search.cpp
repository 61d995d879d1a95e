// How a device is looked for of which only that it may be near is known: who of two that look for
// each other calls, whom one calls first, and where nobody needs to be called.
#include "discovery/dial_plan.hpp"

namespace lanyard::discovery {
namespace {

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }

}  // namespace

bool DialPlan::Taken::has(const Targets::value_type& target) const {
  return hosts.contains(host_of(target.first)) || instances.contains(target.second.instance);
}

/// Many machines have one device and several addresses; each call there would find the same one.
DialPlan::Taken DialPlan::taken() const {
  Taken out;
  for (const auto& [device, host] : hosts_) out.hosts.insert(host);
  for (const auto& each : targets_) {
    const Target& target = each.second;
    const bool is_its = target.met && linked_.contains(*target.met);
    if (!target.instance.empty() && (is_its || out.hosts.contains(host_of(each.first))))
      out.instances.insert(target.instance);
  }
  return out;
}

/// Only a delay: what mDNS says of somebody's addresses is its word alone.
Tick DialPlan::ready_at(const Targets::value_type& target, const Taken& taken) const {
  const bool is_late = is_hint(target.second) && taken.has(target);
  return is_late ? std::max(target.second.at, missed_since_ + kAlsoThere) : target.second.at;
}

/// Links are few, whatever some member has admitted.
std::size_t DialPlan::count_missed() const {
  const auto are_linked = std::count_if(linked_.begin(), linked_.end(), [this](const auto& each) {
    return known_.contains(each.first);
  });
  return known_.size() - static_cast<std::size_t>(are_linked);
}

DialPlan::Search DialPlan::search() const {
  const Taken taken = this->taken();
  std::set<std::string> all;
  std::set<std::string> unknown;
  for (const auto& each : targets_) {
    const Target& target = each.second;
    if (!target.sources.contains(Source::kSighted)) continue;
    all.insert(target.instance);
    if (!target.met && !taken.has(each)) unknown.insert(target.instance);
  }
  return {count_missed(), unknown.size(), {all.begin(), all.end()}};
}

/// All stand on a circle, in the order of their names, and each pair has a shorter way round: who
/// has the other before it on that way calls first. Where few of many are missed, most calls would
/// be in vain, and those who miss more find us with fewer.
Tick DialPlan::turn_of(const Target& target, const Search& search) const {
  if (own_instance_.empty() || target.instance.empty()) return Tick{0};
  const std::size_t missed = std::max<std::size_t>(search.missed, 1);
  if (!target.met && 2 * missed < search.unknown)
    return std::min<Tick>(kTheirTurn * search.unknown / (2 * missed), kLongestTurn);
  const auto& all = search.instances;
  const auto place_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), name) - all.begin());
  };
  const std::size_t own = place_of(own_instance_);
  const std::size_t its = place_of(target.instance);
  const std::size_t way = (its >= own ? its - own : all.size() - own + its) + 1;
  return 2 * way <= all.size() + 1 ? Tick{0} : kTheirTurn;
}

void DialPlan::welcome(const DeviceId& device, Tick now) {
  refusals_.erase(device);
  const bool is_news = known_.insert(device).second && !linked_.contains(device);
  if (is_news) missed_since_ = now;
  const auto caller = callers_.extract(device);
  const Search search = this->search();
  for (auto& [address, target] : targets_) {
    const bool has_called = caller && caller.mapped() == host_of(address);
    if (target.met == device && target.is_stranger) {
      begin_again(target, now + (has_called ? Tick{0} : turn_of(target, search)));
    } else if (has_called && !target.met && target.sources.contains(Source::kSighted)) {
      begin_again(target, now);
    } else if (is_news && !target.met && is_hint(target) && target.wait == kFirstRetry) {
      // One that waits already does not wait longer.
      const Tick turn = now + turn_of(target, search);
      target.at = target.at > now ? std::min(target.at, turn) : turn;
    }
  }
}

void DialPlan::turned_away(const DeviceId& device, const std::string& host) {
  if (callers_.size() >= kCallersMax && !callers_.contains(device))
    callers_.erase(callers_.begin());
  callers_[device] = host;
}

}  // namespace lanyard::discovery
