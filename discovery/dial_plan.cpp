#include "discovery/dial_plan.hpp"

#include <tuple>

namespace lanyard::discovery {

bool DialPlan::Busy::has(const Target& target) const {
  const std::set<DeviceId> wanted = devices_of(target);
  return std::any_of(wanted.begin(), wanted.end(),
                     [this](const DeviceId& each) { return devices.contains(each); }) ||
         (!target.instance.empty() && instances.contains(target.instance));
}

void DialPlan::Busy::add(const Target& target) {
  devices.merge(devices_of(target));
  if (!target.instance.empty()) instances.insert(target.instance);
}

DialPlan::Busy DialPlan::busy() const {
  Busy out;
  for (const auto& [address, target] : targets_) {
    if (target.is_dialled) out.add(target);
  }
  return out;
}

std::set<DeviceId> DialPlan::devices_of(const Target& target) {
  return target.met ? std::set{*target.met} : target.expected;
}

bool DialPlan::is_linked(const Target& target) const {
  const std::set<DeviceId> wanted = devices_of(target);
  const bool are_linked =
      !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [this](const DeviceId& each) {
        return linked_.contains(each);
      });
  return are_linked && !is_last_resort(target);
}

bool DialPlan::is_last_resort(const Target& target) const {
  const auto is_without_another = [this](const DeviceId& device) {
    return !linked_.contains(device) &&
           std::none_of(targets_.begin(), targets_.end(), [&](const auto& each) {
             const Target& other = each.second;
             return other.expected.contains(device) && !other.sources.empty() &&
                    !other.is_stranger && (!other.met || other.met == device);
           });
  };
  return std::any_of(target.expected.begin(), target.expected.end(), is_without_another);
}

void DialPlan::forget_stranger(Target& target) {
  if (!target.is_stranger) return;
  target.is_stranger = false;
  target.is_proven = false;
  target.met.reset();
}

bool DialPlan::is_waiting(const Target& target) const {
  return !target.is_dialled && !target.sources.empty() && !is_linked(target) &&
         (!is_hint(target) || count_missed() > 0);
}

bool DialPlan::is_hint(const Target& target) {
  const bool is_ours = target.is_proven && !target.is_stranger;
  return !is_ours && !target.sources.contains(Source::kKnown) &&
         !target.sources.contains(Source::kStatic);
}

void DialPlan::begin_again(Target& target, Tick at) {
  target.is_stranger = false;
  target.wait = kFirstRetry;
  target.at = at;
}

// ---- what is known of addresses

void DialPlan::add(const std::string& address, Source source, std::optional<DeviceId> device,
                   Tick now) {
  const auto [place, fresh] = targets_.try_emplace(address);
  Target& target = place->second;
  // A hint does not change whom we expect, or have met, at an address.
  const bool is_news = target.expected.empty() && !target.met;
  if (device && (source == Source::kKnown || is_news)) target.expected.insert(*device);
  const bool is_better = source == Source::kKnown && !target.sources.contains(source);
  target.sources.insert(source);
  if (fresh || is_better) begin_again(target, now);
}

void DialPlan::sighted(const std::string& address, const std::string& instance, Tick now,
                       Newcomer newcomer) {
  forget_old(now);
  const auto [place, fresh] = targets_.try_emplace(address);
  Target& target = place->second;
  target.sources.insert(Source::kSighted);
  if (fresh || target.instance != instance) {
    // Whoever came calls; the other one a little later, if it did not: that saves a second link.
    const Tick soon = newcomer == Newcomer::kWe ? now : now + with_jitter(kFirstPause, rng_);
    begin_again(target, fresh || target.is_stranger ? soon : std::min(target.at, soon));
    target.is_proven = false;
  }
  target.instance = instance;
}

void DialPlan::withdraw(const std::string& address, Source source, Tick now) {
  const auto found = targets_.find(address);
  if (found == targets_.end()) return;
  found->second.sources.erase(source);
  found->second.forget_at = now + kLinger;
  forget_old(now);
}

void DialPlan::forget_old(Tick now) {
  std::size_t lingering = 0;
  auto oldest = targets_.end();
  for (auto each = targets_.begin(); each != targets_.end();) {
    const Target& target = each->second;
    const bool lingers = target.sources.empty() && !target.is_dialled;
    if (lingers && target.forget_at <= now) {
      each = targets_.erase(each);
      continue;
    }
    if (lingers && (++lingering == 1 || target.forget_at < oldest->second.forget_at)) oldest = each;
    ++each;
  }
  if (lingering > kLingeringMax) targets_.erase(oldest);
}

void DialPlan::remove(const DeviceId& device, Tick now) {
  linked_.erase(device);
  known_.erase(device);
  hosts_.erase(device);
  pauses_.erase(device);
  refusals_.erase(device);
  for (auto& [address, target] : targets_) {
    if (!is_for(target, device)) continue;
    target.expected.erase(device);
    if (!target.expected.empty()) {
      if (target.met == device) target.met.reset();
      continue;
    }
    target.sources.erase(Source::kKnown);
    target.sources.erase(Source::kTold);
    target.forget_at = now + kLinger;
    target.met = device;
    target.is_stranger = true;
    target.at = now + kStrangerRetry;
  }
}

// ---- whom to call

std::vector<std::string> DialPlan::due(Tick now) {
  const Taken taken = this->taken();
  std::vector<Targets::iterator> ready;
  for (auto each = targets_.begin(); each != targets_.end(); ++each) {
    if (is_waiting(each->second) && ready_at(*each, taken) <= now) ready.push_back(each);
  }
  const auto rank = [&](const Targets::iterator& each) {
    const std::string instance = is_hint(each->second) ? each->second.instance : std::string();
    return std::tuple(*each->second.sources.begin(), taken.has(*each), instance < own_instance_,
                      instance);
  };
  std::stable_sort(ready.begin(), ready.end(),
                   [&](const auto& left, const auto& right) { return rank(left) < rank(right); });
  Busy busy = this->busy();
  std::vector<std::string> addresses;
  for (const auto& each : ready) {
    Target& target = each->second;
    if (busy.has(target)) continue;
    if (is_hint(target)) {
      if (hint_at() > now) continue;
      hint_full_at_ = std::max(hint_full_at_, now) + kHintEvery;
    }
    target.is_dialled = true;
    busy.add(target);
    addresses.push_back(each->first);
  }
  return addresses;
}

std::optional<Tick> DialPlan::next() const {
  const Busy busy = this->busy();
  const Taken taken = this->taken();
  std::optional<Tick> next;
  for (const auto& each : targets_) {
    const Target& target = each.second;
    // One that is busy is looked at again when its dial is over.
    if (!is_waiting(target) || busy.has(target)) continue;
    const Tick ready = ready_at(each, taken);
    const Tick at = is_hint(target) ? std::max(ready, hint_at()) : ready;
    next = next ? std::min(*next, at) : at;
  }
  return next;
}

// ---- what became of it

void DialPlan::answered(const std::string& address, const DeviceId& device, bool is_stranger) {
  const auto found = targets_.find(address);
  if (found == targets_.end()) return;
  // Only here: that an instance's other addresses lead to the same device is mDNS's word alone.
  found->second.met = device;
  found->second.is_stranger = is_stranger;
  found->second.is_proven = true;
}

void DialPlan::linked(const DeviceId& device, const std::string& address, Tick now) {
  answered(address, device, false);
  linked_[device] = now;
  for (auto& [each, target] : targets_) {
    if (!is_for(target, device)) continue;
    target.is_dialled = target.is_dialled && each != address;
    target.wait = kFirstRetry;
  }
}

void DialPlan::unlinked(const DeviceId& device, Tick now) {
  const auto link = linked_.find(device);
  if (link == linked_.end()) return;
  hosts_.erase(device);
  // A link that ends again and again does not hold up the search for others.
  if (count_missed() == 0) missed_since_ = now;
  refusals_.erase(device);
  Tick& pause = pauses_.try_emplace(device, kFirstPause).first->second;
  if (now - link->second >= kLasting) pause = kFirstPause;
  for (auto& [address, target] : targets_) {
    if (is_for(target, device) && !target.is_stranger) target.at = now + with_jitter(pause, rng_);
  }
  pause = std::min(pause * 2, kLastPause);
  linked_.erase(link);
}

void DialPlan::refused(const DeviceId& device, Tick now) {
  if (linked_.erase(device) == 0) return;
  hosts_.erase(device);
  Tick& pause = refusals_.try_emplace(device, kFirstRetry).first->second;
  for (auto& [address, target] : targets_) {
    if (is_for(target, device) && !target.is_stranger) target.at = now + with_jitter(pause, rng_);
  }
  pause = std::min(pause * 2, kLastRefused);
}

void DialPlan::failed(const std::string& address, Tick now) {
  const auto found = targets_.find(address);
  if (found == targets_.end()) return;
  Target& target = found->second;
  target.is_dialled = false;
  const bool is_asked_for = target.sources.contains(Source::kStatic) || is_last_resort(target);
  const bool waits_long = target.is_stranger && !is_asked_for;
  target.at = now + with_jitter(waits_long ? kStrangerRetry : target.wait, rng_);
  target.wait = std::min(target.wait * 2, kLastRetry);
}

// ---- called for a reason

std::vector<std::string> DialPlan::everywhere(const DeviceId& device) const {
  std::vector<Targets::const_iterator> found;
  for (auto each = targets_.begin(); each != targets_.end(); ++each) {
    const Target& target = each->second;
    if (target.sources.empty()) continue;
    const bool may_be_anybodys =
        target.sources.contains(Source::kStatic) && (!target.met || target.is_stranger);
    if (is_for(target, device) || may_be_anybodys) found.push_back(each);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return *left->second.sources.begin() < *right->second.sources.begin();
  });
  std::vector<std::string> addresses;
  addresses.reserve(found.size());
  for (const auto& each : found) addresses.push_back(each->first);
  return addresses;
}

void DialPlan::calling(const std::string& address) {
  const auto found = targets_.find(address);
  if (found != targets_.end()) found->second.is_dialled = true;
}

void DialPlan::hurry(const DeviceId& device, Tick now) {
  if (linked_.contains(device)) return;
  for (const std::string& address : everywhere(device)) {
    Target& target = targets_.at(address);
    if (target.is_dialled) continue;
    forget_stranger(target);
    if (target.met != device && target.expected.contains(device)) target.met.reset();
    begin_again(target, now);
  }
}

void DialPlan::again_soon(Tick now) {
  for (auto& [address, target] : targets_) {
    // A sighting says who it is: the same instance is the same stranger.
    const bool is_looked_for = !target.expected.empty() || target.sources.contains(Source::kStatic);
    if (target.is_stranger && !is_looked_for) continue;
    forget_stranger(target);
    // Another known device had the address; it may be at another one now, or this may be another
    // network.
    const bool is_missed = std::any_of(
        target.expected.begin(), target.expected.end(),
        [&](const DeviceId& each) { return each != target.met && !linked_.contains(each); });
    if (is_missed) target.met.reset();
    target.wait = kFirstRetry;
    target.at = std::min(target.at, now + with_jitter(kFirstPause, rng_));
  }
}

}  // namespace lanyard::discovery
