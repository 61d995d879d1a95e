#pragma once

#include "agent/api/api_call.hpp"
#include "agent/memory_budget.hpp"

/// How requests are refused for which there is no memory: 503, and when to come again.
namespace lanyard::agent {

[[nodiscard]] Problem no_memory_problem(const MemoryBudget& bodies);
[[nodiscard]] HttpAnswer no_memory_for_body(const MemoryBudget& bodies);
/// Instead of an answer for which there is no room, because others do not read theirs.
[[nodiscard]] HttpAnswer no_memory_for_answer();

}  // namespace lanyard::agent
