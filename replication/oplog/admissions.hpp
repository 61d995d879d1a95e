#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "replication/types/vector_clock.hpp"

namespace lanyard::oplog {

/// An effective admit: from this change on, and for whoever has it in its context, the device is a
/// member.
struct Admission {
  DeviceId device;
  Dot by;
  friend bool operator==(const Admission&, const Admission&) = default;
};

/// The admissions of a space by the device that was admitted: each message of a peer asks whether
/// it is a member, and a member can admit as many devices as it likes.
class Admissions {
 public:
  using ByDevice = std::map<DeviceId, std::vector<Dot>>;

  /// False: the same change has admitted the device just before.
  bool add(const Admission& admission);
  /// Takes the device's last one back.
  void undo(const DeviceId& device);

  [[nodiscard]] bool contains(const DeviceId& device) const { return by_device_.contains(device); }
  /// The changes that admitted it, in the order in which they came.
  [[nodiscard]] std::span<const Dot> of(const DeviceId& device) const;
  [[nodiscard]] const ByDevice& all() const { return by_device_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  friend bool operator==(const Admissions&, const Admissions&) = default;

 private:
  ByDevice by_device_;
  std::size_t size_ = 0;
};

}  // namespace lanyard::oplog
