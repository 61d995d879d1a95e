#pragma once

#include "replication/oplog/space_log.hpp"

namespace lanyard::oplog {

/// Changes that a log of a space takes in on trial: unless they are kept, it is as it was when this
/// ends. Costs what the changes touch, however many logs there are.
class SpaceLogTrial {
 public:
  /// `log` outlives this, and nothing else changes it meanwhile.
  SpaceLogTrial(SpaceLog& log, const Hasher& hasher)
      : log_(log), hasher_(hasher), founder_(log.founder) {}
  ~SpaceLogTrial();
  SpaceLogTrial(const SpaceLogTrial&) = delete;
  SpaceLogTrial& operator=(const SpaceLogTrial&) = delete;

  /// As SpaceLog::advance().
  [[nodiscard]] Status advance(const Change& change);
  void keep() { is_kept_ = true; }

 private:
  void note(const Change& change);

  template <class T>
  using Before = std::map<LogId, std::optional<T>>;

  SpaceLog& log_;
  const Hasher& hasher_;
  std::optional<DeviceId> founder_;
  Before<HeldLog> logs_;
  Before<Branch> branches_;
  Before<SpaceLog::ToldFork> told_;
  std::vector<DeviceId> admitted_;
  bool is_kept_ = false;
};

}  // namespace lanyard::oplog
