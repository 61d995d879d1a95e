#include "discovery/dial_plan.hpp"

#include <algorithm>
#include <array>

namespace lanyard::discovery {

/// Between three and five quarters of the wait.
Tick DialPlan::with_jitter(Tick wait) {
  std::array<std::uint8_t, 1> chance{};
  rng_.fill(chance);
  return wait * 3 / 4 + wait * chance[0] / 510;
}

void DialPlan::add(const std::string& address, std::optional<DeviceId> device, Tick now) {
  const auto [place, fresh] = targets_.try_emplace(address);
  Target& target = place->second;
  if (device) target.device = device;
  if (fresh) target.at = now;
}

void DialPlan::remove(const DeviceId& device) {
  std::erase_if(targets_, [&](const auto& each) { return each.second.device == device; });
}

std::vector<std::string> DialPlan::due(Tick now) {
  std::vector<std::string> addresses;
  for (auto& [address, target] : targets_) {
    if (target.linked || !target.at || *target.at > now) continue;
    target.at.reset();
    addresses.push_back(address);
  }
  return addresses;
}

std::optional<Tick> DialPlan::next() const {
  std::optional<Tick> next;
  for (const auto& [address, target] : targets_) {
    if (!target.linked && target.at) next = next ? std::min(*next, *target.at) : *target.at;
  }
  return next;
}

void DialPlan::linked(const DeviceId& device, const std::string& address) {
  const auto dialled = targets_.find(address);
  if (dialled != targets_.end()) dialled->second.device = device;  // now we know who answers there
  for (auto& [each, target] : targets_) {
    if (target.device != device) continue;
    target.linked = true;
    target.at.reset();
    target.wait = kFirstRetry;
  }
}

void DialPlan::unlinked(const DeviceId& device, Tick now) {
  for (auto& [address, target] : targets_) {
    if (target.device != device) continue;
    target.linked = false;
    target.at = now + with_jitter(kFirstRetry) / 4;
  }
}

void DialPlan::failed(const std::string& address, Tick now) {
  const auto found = targets_.find(address);
  if (found == targets_.end() || found->second.linked) return;
  Target& target = found->second;
  target.at = now + with_jitter(target.wait);
  target.wait = std::min(target.wait * 2, kLastRetry);
}

}  // namespace lanyard::discovery
