#pragma once

#include <map>
#include <optional>
#include <vector>

#include "replication/merge/local_dot.hpp"

namespace lanyard::merge {

/// Numbers for the logs of one space, in the order in which their first changes were applied: a
/// rebuild from the log gives the same ones.
class LogTable {
 public:
  [[nodiscard]] std::optional<LogNumber> find(const LogId& log) const;
  /// The next free number for a log that has none.
  LogNumber number_of(const LogId& log);
  [[nodiscard]] const LogId& id_of(LogNumber number) const { return ids_.at(number); }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

  /// Dots of logs that are not known here are left out: no context can cover them.
  [[nodiscard]] DotSet local(const std::vector<Dot>& dots) const;
  /// Sorted by log id, as ops want them.
  [[nodiscard]] std::vector<Dot> global(const DotSet& dots) const;

 private:
  std::vector<LogId> ids_;
  std::map<LogId, LogNumber> numbers_;
};

}  // namespace lanyard::merge
