#include "agent/control/peer_process.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

namespace lanyard::agent {

bool is_confined_child(pid_t process, bool if_unseen) {
  std::ifstream in("/proc/" + std::to_string(process) + "/status");
  if (!in) return if_unseen;
  std::string line;
  bool is_child = false;
  bool is_filtered = false;
  while (std::getline(in, line)) {
    is_child = is_child || line == "PPid:\t" + std::to_string(::getpid());
    is_filtered = is_filtered || line == "Seccomp:\t2";
  }
  return is_child && is_filtered;
}

}  // namespace lanyard::agent
