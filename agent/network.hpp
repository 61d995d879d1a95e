#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "discovery/discovery.hpp"
#include "replication/engine/effect.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::crypto {
class Identity;
}

namespace lanyard::agent {

class PairingDesk;
struct Meters;

/// How far one space is with one linked peer.
struct SpaceLink {
  SpaceId space;
  engine::Phase phase = engine::Phase::kComparing;
  std::uint64_t bytes_received = 0;  ///< in the present catch-up
  std::uint64_t withheld = 0;        ///< changes that it holds and does not send
};

/// A known device as the network sees it now.
struct PeerStatus {
  DeviceId device;
  bool linked = false;
  std::string address;  ///< host:port of the link, or where we try
  bool we_dialed = false;
  std::string says_name;            ///< text from a peer
  std::string build;                ///< text from a peer
  std::int64_t clock_ahead_ms = 0;  ///< its wall clock minus ours, at hello
  std::string last_failure;         ///< why the last attempt or link ended; empty: it did not
  std::uint64_t refused_changes =
      0;  ///< packs and runs of it that could not be accepted, since start
  std::vector<SpaceLink> spaces;
};

/// What was heard and not liked, since start: for status and tests.
struct NetworkCounters {
  std::uint64_t accepted = 0;           ///< connections taken
  std::uint64_t refused_busy = 0;       ///< beyond the half-open caps
  std::uint64_t failed_handshakes = 0;  ///< bad preface, bad handshake, unknown device, too slow
  std::uint64_t dropped_links = 0;      ///< for an error, at this end or the other
  std::uint64_t refused_changes = 0;    ///< packs and runs that could not be accepted
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// One step of reaching a device, for `lanyard ping`.
struct PingStep {
  enum class Result { kOk, kFailed, kNotTried };
  std::string name;  ///< "name", then "tcp" and "secure" for each address, then "sync"
  std::string detail;
  Result result = Result::kNotTried;
  std::chrono::microseconds took{0};
};

/// How finding other devices goes.
struct DiscoveryStatus {
  discovery::Mode mode = discovery::Mode::kOff;
  discovery::Condition condition;
  std::size_t nearby = 0;  ///< instances of Lanyard, known here or not
};

/// "off", "starting", "daemon", "embedded", "degraded".
[[nodiscard]] const char* state_text(discovery::State state);

/// The network thread: listener, dialer, links, and the replication engine with its driver. The
/// only place where an Effect becomes I/O. Made on any thread; everything marked so runs on its
/// own.
class Network {
 public:
  struct Options {
    std::string device_name;
    std::string build;
    bool is_enabled = true;  ///< false: nobody is dialled, answered or looked for
    std::uint16_t sync_port = 7761;
    bool sync_port_is_default = true;       ///< taken: the next free one; else kPortTaken
    std::string listen_address;             ///< empty: all interfaces, IPv6 and IPv4
    std::vector<std::string> static_peers;  ///< host:port, dialled whoever answers there, if known
    discovery::Discovery::Options discovery;
  };

  /// Binds the port. The engine's questions go to `storage`, which must outlive start() to stop().
  /// `meters` outlive this.
  [[nodiscard]] static Result<std::unique_ptr<Network>> open(Options options,
                                                             const crypto::Identity& identity,
                                                             Meters& meters);
  virtual ~Network() = default;

  [[nodiscard]] virtual std::uint16_t sync_port() const = 0;
  /// As the options have it. From any thread.
  [[nodiscard]] virtual bool is_enabled() const = 0;
  /// What others wrote was merged: called on any thread, for those who watch. Before run().
  using Merged = std::function<void(const SpaceId&, const storage::Touched&)>;
  virtual void on_merged(Merged merged) = 0;
  /// A member says what it holds of a space durably: called on the network thread. Before run().
  using Acknowledged = std::function<void(const DeviceId&, const SpaceId&, const VectorClock&)>;
  virtual void on_acknowledged(Acknowledged acknowledged) = 0;
  /// A client of a linked member says this of itself just now: called on the network thread. Before
  /// run().
  using Present = std::function<void(const DeviceId&, const wire::Presence&)>;
  virtual void on_present(Present present) = 0;
  /// What was our `default` is a part of `to` from now on: called on the network thread. Before
  /// run().
  using HomeMoved = std::function<void(const SpaceId& from, const SpaceId& to)>;
  virtual void on_home_moved(HomeMoved moved) = 0;
  /// Runs the loop until stop(). Blocks: the caller's thread becomes the network thread.
  virtual void run(storage::StorageThread& storage) = 0;
  /// From any thread: says goodbye to everyone and ends run().
  virtual void stop() = 0;
  /// From any thread: runs `job` on the network thread.
  virtual void post(std::function<void()> job) = 0;
  /// From any thread: what a client here says of itself just now, for the linked members of the
  /// space. Where much waits already, it is left out.
  virtual void tell_presence(wire::Presence presence) = 0;
  /// From the storage thread: a run of ours is durable.
  virtual void committed(const SpaceId& space,
                         std::shared_ptr<const storage::WriteOutcome> outcome) = 0;

  /// From the storage thread: how the store of a space is, which is another way than before.
  virtual void condition_changed(const SpaceId& space,
                                 const storage::StoreCondition& condition) = 0;

  // ---- on the network thread only
  [[nodiscard]] virtual std::vector<PeerStatus> peers() const = 0;
  [[nodiscard]] virtual NetworkCounters counters() const = 0;
  /// Storage has made the device known; dial it if there is an address.
  virtual void device_added(const DeviceId& device, const std::string& address) = 0;
  /// Storage has forgotten the device. The others of this person hear of it.
  virtual void device_forgotten(const DeviceId& device) = 0;
  /// A space was shared once more with a device that is a member of it: Vault::invite().
  virtual void shared_again(const DeviceId& device) = 0;
  virtual void space_left(const SpaceId& space) = 0;
  virtual void sync_now() = 0;
  /// Who is seen on the local network; hints, and never our own agent. At most
  /// discovery::CandidateTable::kCandidatesMax, sorted by instance. Whoever shows an instance's
  /// name escapes it.
  [[nodiscard]] virtual std::vector<discovery::Sighting> nearby() const = 0;
  [[nodiscard]] virtual DiscoveryStatus discovery() const = 0;
  /// Where devices are paired.
  [[nodiscard]] virtual PairingDesk& pairing() = 0;
  virtual void ping(const DeviceId& device, std::function<void(std::vector<PingStep>)> done) = 0;
};

/// kNotAllowed where this device speaks with no other.
[[nodiscard]] Status check_enabled(const Network& network);

}  // namespace lanyard::agent
