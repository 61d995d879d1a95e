#pragma once

#include "tests/integration/hostile/agent_process.hpp"
#include "tests/integration/hostile_changes/forge.hpp"

/// What a member's changes may cost the others, and what they did cost.
namespace lanyard::hostile {

/// What one agent had used up at some moment; and what it has used since.
struct Usage {
  std::size_t memory_bytes = 0;  ///< since: at its peak
  std::size_t disk_bytes = 0;
  double cpu_seconds = 0;
};

/// Looks at an agent from now on, until it is started anew.
class Watch {
 public:
  explicit Watch(const AgentProcess& agent)
      : agent_(agent), peak_(agent), before_{0, agent.disk_bytes(), agent.cpu_seconds()} {}
  [[nodiscard]] Usage used() const;

 private:
  const AgentProcess& agent_;
  PeakOf peak_;
  Usage before_;
};

/// The most that what was made may cost an agent.
[[nodiscard]] Usage allowed_for(const Made& made);
/// The same of disk alone for a whole run, once the write-ahead logs are copied.
[[nodiscard]] std::size_t disk_allowed_for(const Made& made, std::size_t steps);

/// Which of the costs is beyond what is allowed, in words; empty: none.
[[nodiscard]] std::string excess_of(const Usage& used, const Usage& allowed);

/// Sums, and what a step has come to.
void add(Made& sum, const Made& more);

/// One line of the table.
struct Line {
  std::size_t step = 0;
  const char* maker = "";
  Made made;
  std::size_t wire_bytes = 0;  ///< at Mallory's socket, which may be less than what was signed
  std::vector<Usage> used;     ///< of each agent
};
[[nodiscard]] Json to_json(const Line& line);

}  // namespace lanyard::hostile
