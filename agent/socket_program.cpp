#include "agent/socket_program.hpp"

#include <fstream>

#include "agent/lookup/process_finder.hpp"

namespace lanyard::agent {
namespace {

std::string program_name(const LookupAnswer& found) {
  if (!found.program.empty()) return found.program;
  std::string name;
  std::ifstream in("/proc/" + std::to_string(found.process) + "/comm");
  std::getline(in, name);
  return name;
}

}  // namespace

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
    done(found ? program_name(*found) : std::string());
  });
}

}  // namespace lanyard::agent
