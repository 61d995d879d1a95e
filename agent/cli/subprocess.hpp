#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace lanyard::agent {

struct ProcessOutcome {
  bool ran = false;    ///< started, and ended in time
  int code = -1;       ///< its exit code
  std::string output;  ///< both of its streams, at most 64 KiB
};

/// Runs a program found by PATH, without a shell and without input, and waits; killed at the limit.
[[nodiscard]] ProcessOutcome run_program(const std::vector<std::string>& arguments,
                                         std::chrono::milliseconds limit);

/// Starts a program that outlives this one: in a session of its own, standard input empty, both
/// outputs appended to `output`. The process id, or -1.
[[nodiscard]] int start_background(const std::vector<std::string>& arguments,
                                   const std::string& output);

/// The path of this program.
[[nodiscard]] std::string own_program();

}  // namespace lanyard::agent
