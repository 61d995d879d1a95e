#include "agent/socket_program.hpp"

#include <fstream>

#include "agent/lookup/process_finder.hpp"

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

bool find_program(const SocketOwner& owner, ProcessFinder& finder,
                  std::function<void(std::string program)> done) {
  if (owner.kind != SocketOwner::Kind::kUser) {
    done({});
    return true;
  }
  return finder.find_later(owner.inode, [done = std::move(done)](const auto& found) {
    if (!found) return done({});
    done(found->program.empty() ? command_of(found->process) : found->program);
  });
}

}  // namespace lanyard::agent
