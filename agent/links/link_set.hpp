#pragma once

#include <map>
#include <set>

#include "agent/links/half_open.hpp"
#include "agent/links/peer_link.hpp"
#include "agent/network.hpp"
#include "discovery/dial_plan.hpp"
#include "replication/wire/message.hpp"

namespace lanyard::agent {

/// A link on which two devices are to be paired.
struct PairingLink {
  engine::LinkId link;
  DeviceId peer;
  crypto::HandshakeHash handshake;
  bool we_dialed = false;
  std::string address;  ///< host:port of the other end
};

/// Bytes of a link so far.
struct Traffic {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
};

/// What became of one call that a person asked for.
struct CallReport {
  std::string address;
  std::optional<std::chrono::microseconds> to_connect;  ///< nothing: nobody took the connection
  std::chrono::microseconds to_settle{0};               ///< from there until it is known who it is
  std::optional<DeviceId> met;                          ///< who proved to be there
  std::string failure;  ///< why it came to nothing; empty: it is linked, or was meanwhile
};
using CallWatcher = std::function<void(const CallReport&)>;

/// All links of this device: takes connections within bounds, dials what the plan says, lets only
/// known devices in, and keeps one link per peer. Lives on the network thread.
class LinkSet {
 public:
  struct Owner {
    std::function<void(engine::LinkId, const DeviceId&)> up;
    std::function<void(engine::LinkId, const Error& why)> down;
    std::function<void(engine::LinkId, Bytes)> message;
    /// Little is left of what was to be sent.
    std::function<void(engine::LinkId)> drained;
    /// A known device was reached at this address, or came from there (empty).
    std::function<void(const DeviceId&, const std::string& address)> met;
    /// The link's peer was found at another address: the link may be one that nobody noticed dying.
    std::function<void(engine::LinkId)> doubt;
    /// A link that is for pairing, or on which a device calls that we do not know: nothing of it
    /// reaches the owner in any other way. It has what is left of limits::kHandshakeTimeMax.
    std::function<void(const PairingLink&)> stranger;
    std::function<void(engine::LinkId, Bytes)> strangers_message;
    /// Of a dial_to_pair() too that never came to a link.
    std::function<void(engine::LinkId, const Error&)> strangers_end;
    /// A link came to nothing, or ended without a goodbye: for counting.
    std::function<void(const Error& why)> failed;
  };

  LinkSet(asio::io_context& io, const crypto::LinkIdentity& own, Rng& rng, Owner owner);

  // ---- who is known
  /// `is_paired`: a person here paired or added it; else it is a member of some space, and has a
  /// place as long as there is room.
  void know(const DeviceId& device, const std::string& address, bool is_paired);
  void know_address(const std::string& address);
  void forget(const DeviceId& device);
  /// Others see us as this instance.
  void named(const std::string& instance) { plan_.named(instance); }
  /// Somebody is there, as the network says: a hint.
  void sighted(const std::string& address, const std::string& instance,
               discovery::Newcomer newcomer);
  void unsighted(const std::string& address);
  /// A peer says where it reaches other devices; in place of what it said before.
  void told(const DeviceId& peer, const wire::Addresses& addresses);
  /// The network has changed, or the machine has slept: what could not be reached is tried again
  /// within a second.
  void moved();
  [[nodiscard]] bool is_known(const DeviceId& device) const { return known_.contains(device); }

  // ---- links
  void accept(Tcp::socket socket);
  void send(engine::LinkId link, ByteView message);
  /// Sends what is queued, then closes; `down` is not called for it.
  void drop(engine::LinkId link, const Error& why);
  /// Closes a link that is dead; `down` is called.
  void cut(engine::LinkId link, const Error& why);
  /// Stops dialling and lets every link finish.
  void stop();
  [[nodiscard]] bool is_empty() const { return links_.empty(); }

  // ---- pairing: see Owner::stranger
  /// Calls whoever is there, to pair with it.
  engine::LinkId dial_to_pair(const std::string& address);
  /// Lets a pairing link live for so long from now on.
  void give_time(engine::LinkId link, std::chrono::milliseconds within);
  /// Sends what is queued, then closes a pairing link.
  void finish(engine::LinkId link, const Error& why);

  /// What waits to be sent on it.
  [[nodiscard]] std::size_t queued_bytes(engine::LinkId link) const;
  [[nodiscard]] Traffic traffic(engine::LinkId link) const;
  /// The link's peer, where it is proven.
  [[nodiscard]] std::optional<DeviceId> peer_of(engine::LinkId link) const;
  [[nodiscard]] std::optional<engine::LinkId> link_of(const DeviceId& device) const;
  /// Where the devices that are linked now were reached, for others that look for them.
  [[nodiscard]] std::map<DeviceId, std::vector<std::string>> reached() const;
  /// Those whose peers are proven.
  [[nodiscard]] std::vector<engine::LinkId> up() const;
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  /// Of a known device.
  [[nodiscard]] PeerStatus status_of(const DeviceId& device) const;
  /// Those of links that are up too.
  [[nodiscard]] NetworkCounters counters() const;
  /// Calls the device now, wherever it may be, whatever the plan says.
  void dial_now(const DeviceId& device);
  /// The same for all that are not linked; at most once a second.
  void dial_all_now();
  /// Calls a known device at all its addresses at once, also if it is linked: then each call ends
  /// as soon as it is known who answers. Those that are called; each is reported once.
  std::vector<std::string> call_everywhere(const DeviceId& device, const CallWatcher& watcher);

 private:
  struct Link {
    std::shared_ptr<PeerLink> socket;
    bool proven = false;
    bool pairing = false;
    bool is_spare = false;  ///< we dialled a device that has a link
    std::chrono::steady_clock::time_point since;
    std::optional<DeviceId> met;  ///< whom we dialled
    std::vector<CallWatcher> watchers;
  };
  struct Known {
    std::vector<std::string> addresses;  ///< the newest first, at most kAddressesMax
    std::string last_failure;
    bool is_paired = false;
  };
  /// Addresses that are told, of all devices by all peers: what comes beyond is dropped.
  static constexpr std::size_t kToldMax = 512;
  /// Of them by one peer: one of each device that it may be linked with. A few that tell what is
  /// not so leave room for the others.
  static constexpr std::size_t kToldByOneMax = limits::kPeersMax;
  static_assert(kToldMax >= 8 * kToldByOneMax);
  /// Of one device: two families on a few networks.
  static constexpr std::size_t kAddressesMax = 8;
  /// Called at once for one device because a person asks.
  static constexpr std::size_t kCallsMax = 16;

  [[nodiscard]] std::shared_ptr<PeerLink> make(Tcp::socket socket, crypto::Role role,
                                               crypto::LinkPurpose purpose);
  /// Whom we dialled has proven who it is: whether to tell it who we are.
  [[nodiscard]] bool welcomes(engine::LinkId link, const DeviceId& remote);
  void learn(const DeviceId& device, const std::string& address);
  Link& dial(const std::string& address);
  /// Tells whoever asked for this call.
  static void report(const PeerLink& socket, Link& link, const std::string& failure);
  void dial_due();
  void wait_for_next_dial();
  void on_proven(PeerLink& socket, const ProvenPeer& peer);
  void send_away(PeerLink& socket, const DeviceId& caller);
  static void say_goodbye(PeerLink& socket, wire::ByeCode code, const Error& why);
  void on_known(PeerLink& socket, const DeviceId& peer);
  [[nodiscard]] bool are_places_taken() const;
  /// The youngest link of a device that is only a member of some space.
  [[nodiscard]] std::optional<engine::LinkId> who_gives_way() const;
  [[nodiscard]] bool make_place(const DeviceId& peer);
  void on_message(const PeerLink& socket, Bytes message);
  void on_closed(const PeerLink& socket, const Error& why);
  /// Whether a second link to the same peer takes the place of the first.
  [[nodiscard]] bool replaces(const PeerLink& fresh, const Link& old) const;
  void note_failure(const PeerLink& socket, const Error& why);
  void came_to_nothing(const Error& why) {
    ++counters_.failed_handshakes;
    owner_.failed(why);
  }

  asio::io_context& io_;
  const crypto::LinkIdentity& own_;
  Rng& rng_;
  Owner owner_;
  discovery::DialPlan plan_;
  asio::steady_timer dial_timer_;
  std::map<DeviceId, Known> known_;
  std::map<DeviceId, std::set<std::string>> told_;  ///< by who told
  std::map<engine::LinkId, Link> links_;
  std::map<DeviceId, engine::LinkId> by_peer_;
  HalfOpen half_open_;
  std::uint64_t next_link_ = 1;
  discovery::Tick all_dialled_at_{0};
  NetworkCounters counters_;  ///< bytes: of links that have ended
  bool stopping_ = false;
};

}  // namespace lanyard::agent
