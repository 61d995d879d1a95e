#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "agent/links/link_set.hpp"
#include "agent/metrics/meters.hpp"
#include "replication/engine/effect.hpp"

namespace lanyard::agent {

/// Sync rounds as people and monitoring count them. A round is with one linked device. It begins
/// when a link comes up and the other says hello, when somebody asks to compare now, or when a
/// space comes in that was not here; not with each live change. It succeeds once a comparison is
/// over, what we lacked is merged here and what the other one came for is sent; it fails with the
/// link. Decides nothing: it looks on, counts and logs. Lives on the network thread.
class SyncRounds {
 public:
  /// `traffic`: of a link that is up. `meters` outlive this.
  SyncRounds(Meters& meters, std::function<Traffic(engine::LinkId)> traffic)
      : meters_(meters), traffic_(std::move(traffic)) {}

  void up(engine::LinkId link, const DeviceId& peer, engine::Instant now);
  /// The link is no more; an engine's own farewell included.
  void down(engine::LinkId link, const Error& why, engine::Instant now);
  /// Compares with everybody who is linked, now.
  void asked(engine::Instant now);
  /// A device offers a space that is not here.
  void joining(const DeviceId& peer, const SpaceId& space, engine::Instant now);

  void heard(const engine::PeerSaidHello& notice, engine::Instant now);
  void heard(const engine::Compared& notice, engine::Instant now);
  void heard(const engine::Progress& notice, engine::Instant now);
  void heard(const engine::Served& notice, engine::Instant now);
  /// A peer is being sent what it lacks of a space.
  void serving(engine::LinkId link, const SpaceId& space);
  /// Storage was given something to merge; it answers with persisted(), whatever came of it.
  void persisting(const SpaceId& space, std::size_t changes);
  void persisted(const SpaceId& space, std::size_t records, engine::Instant now);
  /// The space is not to be had, or was left: nobody waits for it.
  void gone(const SpaceId& space, engine::Instant now);

 private:
  struct Round {
    engine::Instant began;
    engine::Instant moved;  ///< when something came of it last
    Traffic before;
    bool is_compared = false;
    std::set<SpaceId> pulled;        ///< we wait for what the peer has of them
    std::map<SpaceId, bool> served;  ///< the peer may come for them; true: it has
    std::set<SpaceId> was_served;    ///< it came, and has all
    std::set<SpaceId> merging;       ///< all came, and is not merged yet
    std::set<SpaceId> spaces;        ///< that differed
    std::uint64_t changes_received = 0;
    std::uint64_t changes_sent = 0;
    std::uint64_t records_received = 0;
  };
  struct Peer {
    engine::LinkId link;
    engine::Instant since;
    /// Who does not know us takes the link and leaves: there is no round with it.
    bool said_hello = false;
    std::optional<Round> round;
  };

  Round* round_with(const DeviceId& peer);
  void begin(const DeviceId& device, Peer& peer, const char* why, engine::Instant now);
  void look(const DeviceId& device);
  void succeed(const DeviceId& device, Peer& peer);
  /// Forgets a space in every round.
  void settle(const SpaceId& space, engine::Instant now, bool is_gone);

  Meters& meters_;
  std::function<Traffic(engine::LinkId)> traffic_;
  std::map<DeviceId, Peer> peers_;
  std::map<SpaceId, std::size_t> persisting_;
};

/// What a link that ended means, in a code of ours: the system says only how its socket ended.
[[nodiscard]] Error link_error(const Error& why);
/// Why the engine ended a link, as far as its code says.
[[nodiscard]] Error error_of(const engine::DropPeer& dropped);
/// A link that ended as it should: an agent stops, or another link takes its place.
[[nodiscard]] bool is_farewell(const Error& why);

}  // namespace lanyard::agent
