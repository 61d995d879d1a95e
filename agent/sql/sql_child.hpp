#pragma once

/// The process in which SQL of people and apps runs (docs/adr/0042): this same program, started by
/// the agent for the file of one space. It has that file and a pipe, and what it can take of memory
/// and time is bounded; the agent ends it where it takes longer than it may.
namespace lanyard::agent {

/// What the program is called with to become one; shown to nobody.
inline constexpr const char* kSqlChildVerb = "sql-child";

/// Whether the program was called so.
[[nodiscard]] bool is_sql_child(int argc, char** argv);
/// Answers until the pipe ends; the program's exit code.
int run_sql_child();

}  // namespace lanyard::agent
