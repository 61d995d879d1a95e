#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "agent/api/http_server.hpp"
#include "agent/lookup/process_finder.hpp"
#include "agent/socket_program.hpp"

namespace lanyard::agent {

/// As many as can have a connection of the API: nobody takes another's place.
inline constexpr std::size_t kAskingAppsMax = limits::kHttpConnectionsMax;

/// Requests for access of which the program is being looked up, many at a time. What they refer to
/// stays here, on the api thread; whoever looks has the numbers of their sockets. One who has hung
/// up meanwhile asks nothing any more: nobody would have the answer, and nobody could say who it
/// was. Belongs to the api thread.
class AskingApps {
 public:
  explicit AskingApps(HttpServer::Post post) : post_(std::move(post)) {}

  struct Asking {
    SocketOwner owner;
    std::function<bool()> is_there;  ///< whether somebody still has the other end
    std::function<void(Result<SocketProgram> from)> go;
  };
  /// Calls `go` of it, then or later, or lets go of it where nobody is there any more. kBusy, and
  /// it is not called: too many ask. `finder` outlives the api thread; nullptr: programs have no
  /// name.
  [[nodiscard]] Status add(Asking asking, ProcessFinder* finder);

 private:
  void look(ProcessFinder& finder);
  void on_found(const ProcessFinder::Found& found, ProcessFinder& finder);

  HttpServer::Post post_;
  std::deque<Asking> waiting_;
  std::vector<Asking> looked_up_;  ///< those of the question that is out
};

}  // namespace lanyard::agent
