#pragma once

namespace lanyard::agent {

/// The whole program: reads the command line, does what it says, and returns the exit code
/// (errors.hpp).
[[nodiscard]] int run_cli(int argc, char** argv);

}  // namespace lanyard::agent
