#pragma once

#include "agent/compat/compat_listeners.hpp"
#include "agent/config.hpp"
#include "agent/service/reception.hpp"
#include "agent/service/services.hpp"

namespace lanyard::agent {

class ProcessFinder;

/// The local HTTP API (docs/API.md): loopback only, on the api thread, with services of its own. A
/// flood of this door does not hold up the control socket (docs/adr/0014).
class ApiServer {
 public:
  struct Options {
    const Config& config;
    std::uint16_t port = 0;
    bool port_is_default = true;  ///< taken: the next free one; else kPortTaken
    ServiceHost host;             ///< its `post` is set here
    const Hasher& hasher;
    const CipherFactory& ciphers;
    Rng& rng;
    const Signer& signer;
    std::uint16_t sync_port = 0;
    std::vector<storage::TokenEntry> tokens = {};  ///< all that there are at the start
    ProcessFinder* finder = nullptr;               ///< nothing: requests for access show no program
  };

  /// Listens, and serves nobody yet. The caller keeps what the options refer to until this is gone.
  /// Storage may go after it: answers that come late go nowhere.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> open(Options options);
  /// Closes every connection, and joins the api thread.
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// What this door wants to hear.
  [[nodiscard]] DoorNews news();
  /// Tokens were given or revoked: `applied` is called once they count here. From any thread.
  void access_changed(std::function<void()> applied);
  /// Has a job done where apps ask and pages sign in. From any thread.
  [[nodiscard]] ToReception to_reception();
  /// Switches compatibility listeners on and off. From any thread, once it serves.
  [[nodiscard]] CompatDoor compat();
  /// Serves.
  void start();

 private:
  class Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
