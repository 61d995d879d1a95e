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
    /// Called on the api thread when tokens or their rights have changed in storage; calls what it
    /// is given, from any thread, once every door that looks at tokens knows. May be empty.
    std::function<void(std::function<void()> applied)> access_changed = {};
  };

  /// Listens and serves. The caller holds the data folder's lock, and keeps what the options refer
  /// to until this is gone. Storage may go after it: answers that come late go nowhere.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(const Options& options);
  /// Says goodbye to its clients, and joins the api thread.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// To be told that changes of others were merged, for those who watch: from any thread, and also
  /// when this is gone, when it does nothing. What is written through here is known here.
  using Merged = std::function<void(const SpaceId&, const storage::Touched&)>;
  [[nodiscard]] Merged on_merged();
  /// What was `default` is a part of another space now: names mean that one, and so do watches.
  void home_moved(const SpaceId& from, const SpaceId& to);
  /// The same, as long as this lives.
  void changed(const SpaceId& space, const storage::Touched& touched);

 private:
  class Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
