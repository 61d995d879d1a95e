#include "replication/oplog/admissions.hpp"

namespace lanyard::oplog {

bool Admissions::add(const Admission& admission) {
  std::vector<Dot>& by = by_device_[admission.device];
  if (!by.empty() && by.back() == admission.by) return false;
  by.push_back(admission.by);
  ++size_;
  return true;
}

void Admissions::undo(const DeviceId& device) {
  const auto found = by_device_.find(device);
  if (found == by_device_.end()) return;
  found->second.pop_back();
  if (found->second.empty()) by_device_.erase(found);
  --size_;
}

std::span<const Dot> Admissions::of(const DeviceId& device) const {
  const auto found = by_device_.find(device);
  return found == by_device_.end() ? std::span<const Dot>() : std::span<const Dot>(found->second);
}

}  // namespace lanyard::oplog
