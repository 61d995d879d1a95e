#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "discovery/sighting.hpp"
#include "discovery/supervision.hpp"

namespace asio {
class io_context;
}

/// Finding other devices on the local network: DNS-SD `_lanyard._tcp` (RFC 6763) over mDNS (RFC
/// 6762), through the system's Avahi daemon or Avahi's embeddable core. Each runs in a child
/// process that may hang or crash alone (docs/adr/0009-discovery-in-a-child-process.md). Everything
/// that comes from there is a hint.
namespace lanyard::discovery {

class Discovery {
 public:
  struct Options {
    Mode mode = Mode::kAuto;
    /// As sync.interfaces has it: names and patterns, "auto" for the default rule.
    std::vector<std::string> interfaces = {"auto"};
  };
  struct Owner {
    /// A service came near, or is another one now; or it was there, and we have come.
    std::function<void(const Sighting&, Newcomer)> came;
    /// It said goodbye, or was not heard of any more.
    std::function<void(const Sighting&)> gone;
    /// Interfaces or addresses of this machine have changed, or it has slept. In every mode.
    std::function<void()> moved;
    /// condition() is another one.
    std::function<void(const Condition&)> condition_changed;
  };

  /// Everything happens on `io`'s thread. `rng` outlives this.
  Discovery(asio::io_context& io, Options options, Rng& rng, Owner owner);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  void start();
  /// Says goodbye to the network; callbacks end.
  void stop();
  /// True until what stop() began is over: let the loop run for so long.
  [[nodiscard]] bool is_stopping();
  /// What others are told: the port of our links, and whether a pairing window is open. Port 0, the
  /// state at first: nothing is announced.
  void announce(std::uint16_t port, bool is_pairing);

  [[nodiscard]] Mode mode() const;
  [[nodiscard]] Condition condition() const;
  /// The name under which others see this agent.
  [[nodiscard]] const std::string& instance() const;
  /// At most CandidateTable::kCandidatesMax, sorted by key.
  [[nodiscard]] std::vector<Sighting> nearby() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The child that the command line asks for: hidden words, which the agent starts its own program
/// with. Nothing: it is somebody's command.
[[nodiscard]] std::optional<Backend> discovery_child(int argc, char** argv);
/// The child's main function. The exit code.
[[nodiscard]] int run_discovery_child(Backend kind);

}  // namespace lanyard::discovery
