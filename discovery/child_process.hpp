#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "discovery/net.hpp"
#include "discovery/pipe_message.hpp"

namespace lanyard::discovery {

/// What the program is called with to become a child, before child_name(); shown to nobody.
inline constexpr const char* kChildVerb = "discovery-child";
[[nodiscard]] constexpr const char* child_name(Backend kind) {
  return kind == Backend::kDaemon ? "daemon" : "core";
}

/// One life of a discovery child, and our end of the pipe to it. Kept alive by its own handlers.
/// Lives on the network thread.
class ChildProcess : public std::enable_shared_from_this<ChildProcess> {
 public:
  struct Owner {
    std::function<void(const ChildMessage&)> said;
    /// It ended, or said what cannot be understood, and is gone. Not called after kill().
    std::function<void(const std::string& why)> ended;
  };

  ChildProcess(asio::io_context& io, Owner owner) : pipe_(io), owner_(std::move(owner)) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  /// Starts this same program as the child: with nothing open but its standard streams and the
  /// pipe. kBusy if the system has no process or descriptor left.
  [[nodiscard]] Status start(Backend kind);
  void send(const Orders& orders);
  /// At once, also one that hangs.
  void kill();
  /// Closes the pipe: the child says goodbye to the network and ends by itself.
  void part();
  /// Whether the process is still there. One that was killed is soon gone, and then waited for.
  [[nodiscard]] bool is_there();

 private:
  void read();
  void on_read(const std::error_code& error, std::size_t size);
  /// False: something in it cannot be understood.
  [[nodiscard]] bool hear(ByteView bytes);
  void write();
  void fail(const std::string& why);

  asio::local::stream_protocol::socket pipe_;
  Owner owner_;
  pid_t process_ = -1;
  std::array<std::uint8_t, 4096> incoming_{};
  PipeFrames frames_{kToAgentBytesMax};
  Bytes writing_;
  std::optional<Bytes> next_;  ///< newer orders than those being written
  bool is_over_ = false;
};

}  // namespace lanyard::discovery
