#include "agent/api/memory_refusal.hpp"

namespace lanyard::agent {
namespace {

HttpAnswer come_again(const Problem& problem) {
  HttpAnswer out = problem_answer(503, problem);
  out.fields.emplace_back("Retry-After", "2");
  return out;
}

}  // namespace

Problem no_memory_problem(const MemoryBudget& bodies) {
  const std::uint64_t mib = std::max<std::uint64_t>(bodies.bytes() / limits::kMiB, 1);
  return {"LY-W014", "There is no memory for this request now",
          "what other requests sent takes the " + std::to_string(mib) +
              " MiB that all may take together; nothing of this one was read or stored",
          "Send it again in a moment, in smaller parts or fewer at once. Where the agent may take "
          "little memory (ulimit -v, MemoryMax= of its service), allow it more.",
          2};
}

HttpAnswer no_memory_for_body(const MemoryBudget& bodies) {
  return come_again(no_memory_problem(bodies));
}

HttpAnswer no_memory_for_answer() {
  return come_again({"LY-W015", "There is no memory for this answer now",
                     "clients that do not read what they asked for take the memory of answers",
                     "Ask again in a moment, for less at once (limit).", 2});
}

}  // namespace lanyard::agent
