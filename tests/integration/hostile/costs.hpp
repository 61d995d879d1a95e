#pragma once

#include "tests/integration/hostile/agent_process.hpp"

/// What an attack costs an agent, beside the bytes that the attacker has sent. costs.py prints the
/// same line for attacks of tests in Python.
namespace lanyard::hostile {

/// What one agent had used up at some moment; and what it has used since.
struct Usage {
  std::size_t bytes_in = 0;      ///< that hostile peers sent, whichever of the agents had them
  std::size_t memory_bytes = 0;  ///< since: at its peak
  std::size_t disk_bytes = 0;
  double cpu_seconds = 0;

  /// One attack after the other: the memory is that of the one which took most.
  void add(const Usage& next);
};

/// Looks at an agent from now on, until it is started anew.
class Watch {
 public:
  explicit Watch(const AgentProcess& agent);
  [[nodiscard]] Usage used() const;

 private:
  const AgentProcess& agent_;
  PeakOf peak_;
  Usage before_;
};

/// Prints a line, which scripts/test shows of tests that passed too.
void report_attack(const std::string& name, const Usage& used);

}  // namespace lanyard::hostile
