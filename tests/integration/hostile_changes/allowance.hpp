#pragma once

#include "tests/integration/hostile/costs.hpp"
#include "tests/integration/hostile_changes/forge.hpp"

/// What a member's changes may cost the others, and what they did cost.
namespace lanyard::hostile {

/// Processor time that a fixed piece of work takes here, in this build: the most so far, as a
/// machine that others use is not slow all the time.
[[nodiscard]] double slowest_work();
/// The most that what was made may cost an agent. Processor time in multiples of slowest_work().
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
/// The bytes, and what they cost the agent that had more of each.
[[nodiscard]] Usage most_of(const Line& line);

}  // namespace lanyard::hostile
