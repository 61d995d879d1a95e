#pragma once

#include "replication/engine/digest_dialogue.hpp"
#include "replication/engine/presence_rate.hpp"
#include "replication/engine/space_sync.hpp"

namespace lanyard::engine {

struct Config {
  DeviceId self;
  std::string name;   ///< told to peers in hello
  std::string build;  ///< told to peers in hello
};

/// The replication protocol of one device, as a pure state machine. Same inputs in the same order
/// give the same effects, on every machine. Never blocks; fails only through effects.
class Engine {
 public:
  Engine(Config config, const Hasher& hasher, const Verifier& verifier,
         const CipherFactory& ciphers);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Effects must be performed in order.
  [[nodiscard]] std::vector<Effect> step(Input input, Now now);
  /// When to call step(TimePassed{}) at the latest; nothing if no deadline is pending.
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  struct Session {
    Session(const DeviceId& device, const Hasher& hasher) : peer(device), dialogue(hasher) {}

    DeviceId peer;
    wire::LinkNames heard_names;
    DigestDialogue dialogue;
    bool said_hello = false;
    bool loading = false;       ///< what is shared with it
    bool again = false;         ///< compare once more when this comparison is done
    bool has_settled = false;   ///< at least one comparison was done
    std::set<SpaceId> offered;  ///< by it, not known here: to be looked at when it is their turn
    std::set<SpaceId> refused;  ///< offered by it, and not taken from it on this link
    std::set<SpaceId> shared;   ///< spaces that the digests in our last root spoke of
    std::set<SpaceId> unconfirmed;  ///< of those: as SharedLoaded has them
    std::vector<oplog::Forgetting> told_forgettings;
    PresenceRate presences;
    Instant last_heard;
    Instant compared;  ///< when digests were last asked for
    bool pinged = false;
  };

  void on(const PeerUp& input);
  void on(const PeerDown& input);
  void on(const Received& input);
  void on(SharedLoaded input);
  void on(SpaceOpened input);
  void on(const StoreCondition& input);
  void on(const LogMended& input);
  void on(Committed input);
  void on(const Applied& input);
  void on(const Durable& input);
  void on(const PersistFailed& input);
  void on(LogLoaded input);
  void on(const GrantLoaded& input);
  void on(const ForkSaid& input);
  void on(ForkKept input);
  void on(const SyncNow& input);
  void on(const DeviceForgotten& input);
  void on(const SpaceLeft& input);
  void on(const ShutDown& input);
  void on(const AskPeer& input);
  void on(TellAddresses input);
  void on(TellNames input);
  void on(const ShareAgain& input);
  void on(TellPresence input);
  void on(const TimePassed& input);

  Status hear(LinkId link, Session& session, wire::Message message);
  void on_ping(LinkId link, const Session& session, const wire::Ping& ping);
  Status hear_of_devices(Session& session, wire::Forgotten message);
  Status hear_of_space(LinkId link, Session& session, SpaceMessage message);
  Status on_dialogue(LinkId link, Session& session, Result<DigestDialogue::Outcome> outcome);
  void settle(LinkId link, Session& session,
              const std::vector<DigestDialogue::Difference>& differences);
  /// Asks for what the peer did not get to say: both hold the same, and it has not acknowledged it.
  void confirm(LinkId link, Session& session, const std::set<SpaceId>& differing);
  /// The space's machine; made and opened if it was not, and then with all linked peers that share
  /// it.
  SpaceSync& space(const SpaceId& id);
  /// The same, where a peer says that there is such a space. Nothing: it is to wait for its turn.
  SpaceSync* offered_space(const Session& session, const SpaceId& id);
  SpaceSync& add_sync(const SpaceId& id);
  /// Storage takes this space from nobody but others: it is not asked for again on this link.
  [[nodiscard]] bool is_refused(const Session& session, const SpaceId& id) const;
  void refuse_from(const DeviceId& device, const SpaceId& id);
  /// False: more waits already than a peer may offer.
  [[nodiscard]] static bool waits(Session& session, const SpaceId& id);
  /// Ends the looking at spaces that are here now, or of which there is nothing to be had, and
  /// looks at others in their place.
  void look_at_offers();
  void list_members(const SpaceId& id, SpaceSync& sync);
  /// Begins a comparison, unless one is under way.
  void compare(LinkId link, Session& session);
  void check_silence(LinkId link, Session& session);
  /// Forgets links that a step has dropped, and what nobody talks about any more.
  void tidy(const std::vector<Effect>& effects);

  Config config_;
  const Hasher& hasher_;
  Outbox out_;
  Pushes pushes_;
  std::map<DeviceId, std::size_t> unproven_;  ///< what peers said of our logs and did not show
  std::map<LinkId, std::uint64_t> parts_;     ///< of packs, until they are complete
  ParkedTotal parked_;
  SpaceContext context_;
  Now now_;
  std::map<LinkId, Session> sessions_;
  std::map<SpaceId, SpaceSync> spaces_;
  /// Spaces that are not known to be here, by who offered them first: whatever links it has, it
  /// takes no more places.
  std::map<DeviceId, std::set<SpaceId>> prospects_;
  std::set<SpaceId> damaged_;  ///< spaces of which changes are held that cannot be read
};

}  // namespace lanyard::engine
