#pragma once

#include <functional>
#include <memory>

#include "agent/compat/compat_listeners.hpp"
#include "agent/config.hpp"
#include "agent/network.hpp"
#include "agent/service/reception.hpp"
#include "agent/service/services.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::agent {

/// What `lanyard`, the program, and everything that grants rights talks to: the control socket in
/// the data folder with the services behind it, on the control thread (docs/CONTROL.md).
class ControlServer {
 public:
  struct Options {
    const Config& config;
    storage::Ports ports;
    ServiceHost host;  ///< its `post` is set here
    std::uint16_t api_port = 0;
    /// Called on the control thread when tokens or their rights have changed in storage; calls what
    /// it is given, from any thread, once every door that looks at tokens knows. May be empty.
    std::function<void(std::function<void()> applied)> access_changed = {};
    ToReception to_reception;
    /// Answers on the api thread.
    CompatDoor compat = {};
    /// Ends the agent; called on the control thread, and only posts.
    std::function<void()> stop;
  };

  /// Listens, and serves nobody yet. The caller holds the data folder's lock, and keeps what the
  /// options refer to until this is gone. Storage may go after it: answers that come late go
  /// nowhere.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(const Options& options);
  /// Says goodbye to its clients, and joins the control thread.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// What this door wants to hear.
  [[nodiscard]] DoorNews news();
  /// Serves.
  void start();

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
