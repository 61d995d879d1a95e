#pragma once

#include "agent/config.hpp"

namespace lanyard::agent {

/// The daemon, in the foreground: takes the data folder, opens everything in order, serves until
/// SIGINT or SIGTERM (or `lanyard down`), and closes everything in the opposite order. The calling
/// thread becomes the network thread. Prints a problem to standard error and returns its exit code
/// if it cannot start: 9, 11 or as errors.hpp has it.
[[nodiscard]] int run_agent(const Config& config);

}  // namespace lanyard::agent
