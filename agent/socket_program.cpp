#include "agent/socket_program.hpp"

#include <fstream>

namespace lanyard::agent {

std::string command_of(pid_t process) {
  std::string name;
  std::ifstream in("/proc/" + std::to_string(process) + "/comm");
  std::getline(in, name);
  return name;
}

SocketProgram user_of(const SocketOwner& owner) {
  if (owner.kind != SocketOwner::Kind::kUser) return {};
  return {user_text(owner.uid), {}};
}

SocketProgram program_of(const SocketOwner& owner, const std::optional<LookupAnswer>& found) {
  SocketProgram out = user_of(owner);
  if (!found) return out;
  out.program = found->program.empty() ? command_of(found->process) : found->program;
  if (found->others == 0) return out;
  out.is_shared = true;
  const std::string other = found->other.empty() ? "another one" : found->other;
  out.program = "more than one program: " + out.program +
                (found->others == 1 ? " and " + other : ", " + other + " and others");
  return out;
}

}  // namespace lanyard::agent
