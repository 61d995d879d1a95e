#pragma once

#include <filesystem>
#include <optional>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// Keeps a second agent out of a data folder: `agent.lock`, held with flock(2) as long as this
/// lives and dropped by the kernel however the process ends. The file holds the pid of who took it
/// last.
class InstanceLock {
 public:
  /// kLocked, naming the pid, if another agent has it; kReadOnly, kDiskFull or the system's word if
  /// it cannot be made.
  [[nodiscard]] static Result<InstanceLock> take(const std::filesystem::path& data_dir);
  InstanceLock(InstanceLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  InstanceLock& operator=(InstanceLock&&) = delete;
  ~InstanceLock();

 private:
  explicit InstanceLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Whether an agent holds the folder's lock now, and its pid if so.
[[nodiscard]] std::optional<long> lock_holder(const std::filesystem::path& data_dir);

}  // namespace lanyard::agent
