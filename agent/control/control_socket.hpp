#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "agent/control/reply.hpp"
#include "agent/control/request.hpp"

namespace lanyard::agent {

/// The Unix socket in the data folder, and the control thread that serves it. Only processes of
/// this user, and of root, are let in: the kernel says who connects (SO_PEERCRED). Speaks NDJSON
/// (docs/CONTROL.md).
class ControlSocket {
 public:
  using Dispatch = std::function<void(Request& request, const Reply& reply)>;

  /// Binds the socket, mode 0600, in place of one that a dead agent left: the caller holds the data
  /// folder's lock. Serves nobody yet. The path may be longer than a socket's name can be.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> open(
      const std::filesystem::path& socket);
  /// stop(), and removes the socket.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Starts the control thread. `dispatch` is called on it for each request.
  void start(Dispatch dispatch);
  /// Runs a job on the control thread, in the order of the calls. From any thread, before start()
  /// too. It may be called when this is gone: after stop() jobs are kept, and thrown away unrun.
  using Post = std::function<void(std::function<void()> job)>;
  [[nodiscard]] Post post() const;
  /// Lets nobody in any more, sends what can be sent at once, closes every connection and joins.
  /// Not from the control thread.
  void stop();

 private:
  class Impl;
  explicit ControlSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
