#pragma once

#include <functional>
#include <memory>

#include "agent/config.hpp"
#include "agent/network.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::agent {

/// What `lanyard`, the program, and everything that grants rights talks to: the control socket in
/// the data folder with the services behind it, on the api thread (docs/CONTROL.md).
class ControlServer {
 public:
  struct Options {
    const Config& config;
    DeviceId device;
    storage::Ports ports;
    storage::StorageThread& storage;
    Network& network;
    /// Ends the agent; called on the api thread, and only posts.
    std::function<void()> stop;
  };

  /// Listens and serves. The caller holds the data folder's lock, and keeps what the options refer
  /// to until this is gone. Storage may go after it: answers that come late go nowhere.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(const Options& options);
  /// Says goodbye to its clients, and joins the api thread.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Changes of others were merged: for those who watch. From any thread. What is written here is
  /// known here.
  void changed(const SpaceId& space, storage::Touched touched);

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
