#pragma once

/// The process that names programs (docs/adr/0047): this same program, started by the agent before
/// that one gives up the sight of other processes. It lists folders and reads links, and nothing
/// else. Two processes in fact, of which one answers and one sees to it that another takes its
/// place: nobody could start one any more.
namespace lanyard::agent {

/// What the program is called with to become one; shown to nobody.
inline constexpr const char* kLookupChildVerb = "lookup-child";

/// Whether the program was called so.
[[nodiscard]] bool is_lookup_child(int argc, char** argv);
/// Answers until the pipe ends; the program's exit code.
int run_lookup_child();

}  // namespace lanyard::agent
