#pragma once

#include "agent/clock.hpp"
#include "agent/links/link_set.hpp"
#include "agent/sync_rounds.hpp"
#include "replication/engine/engine.hpp"

namespace lanyard::agent {

/// The pump: Input -> Engine::step -> perform Effects. The only place where an effect of the engine
/// becomes I/O. Lives on the network thread; what storage answers comes back through the loop.
class Driver {
 public:
  Driver(asio::io_context& io, engine::Config config, const Hasher& hasher,
         const Verifier& verifier, const CipherFactory& ciphers, LinkSet& links, Meters& meters);

  /// Storage outlives every step until the loop ends.
  void start(storage::StorageThread& storage) { storage_ = &storage; }
  void on_merged(Network::Merged merged) { merged_ = std::move(merged); }
  void on_acknowledged(Network::Acknowledged acknowledged) {
    acknowledged_ = std::move(acknowledged);
  }
  void on_present(Network::Present present) { present_ = std::move(present); }
  void tell_presence(wire::Presence presence);
  /// Tells those who watch.
  void tell_merged(const SpaceId& space, const storage::Touched& touched) const {
    if (merged_) merged_(space, touched);
  }
  /// A space was caught up with: called on this thread once its name and members are up to date.
  /// `has_new`: there are members that there were not.
  void on_caught_up(std::function<void(bool has_new)> caught_up) {
    caught_up_ = std::move(caught_up);
  }
  void feed(engine::Input input);
  void link_up(engine::LinkId link, const DeviceId& peer);
  void link_down(engine::LinkId link, const Error& why);
  /// Compares with every linked device.
  void sync_now();
  /// Tells a linked device of the spaces that were shared with it once more; it hears of others
  /// when it is linked.
  void tell_invitations(const DeviceId& device);
  /// What was to be sent on this link is on its way.
  void drained(engine::LinkId link) { read_next(link); }

  /// Asks a linked peer for a sign of life; `done` is called when it answers, or never.
  void ask(engine::LinkId link, std::function<void()> done);
  /// What the engine has told of each peer, for status.
  void describe(PeerStatus& status) const;
  [[nodiscard]] std::uint64_t refused_changes() const { return refused_changes_; }

 private:
  struct Peer {
    std::string says_name;
    std::string build;
    std::int64_t clock_ahead_ms = 0;
    std::map<SpaceId, SpaceLink> spaces;
    bool is_here = false;  ///< linked, and has said hello
    std::uint64_t refused_changes = 0;
  };

  /// A link has ended, by whoever's doing.
  void gone(engine::LinkId link);
  void saw(const DeviceId& device, const std::string& says_name);
  void perform(engine::Effect effect);
  void perform(engine::Send effect);
  void perform(const engine::DropPeer& effect);
  void perform(const engine::LoadShared& effect);
  void perform(const engine::OpenSpace& effect);
  void perform(const engine::JoinSpace& effect);
  void perform(const engine::AddSpace& effect);
  void perform(const engine::Persist& effect);
  void perform(const engine::MakeDurable& effect);
  void perform(engine::LoadLog effect);
  void perform(const engine::LoadGrant& effect);
  void perform(const engine::CheckLog& effect);
  void perform(const engine::MendLog& effect);
  void perform(engine::KeepGrant effect);
  void perform(const engine::LoadForkPoints& effect);
  void perform(const engine::FindBranch& effect);
  void perform(const engine::LoadForks& effect);
  void perform(const engine::KeepFork& effect);
  void perform(engine::KeepForgettings effect);
  void perform(const engine::RejoinSpace& effect);
  void perform(const engine::HoldWrites& effect);
  void perform(const engine::ReleaseWrites& effect);
  void perform(const engine::Notify& effect);
  void note(const engine::PeerSaidHello& notice);
  void note(const engine::Progress& notice);
  void note(const engine::Compared& notice) { rounds_.heard(notice, now().mono); }
  void note(const engine::Served& notice) { rounds_.heard(notice, now().mono); }
  void note(const engine::Withheld& notice);
  void note(const engine::PeerAcknowledged& notice);
  void note(const engine::PeerAnswered& notice);
  void note(const engine::PeerToldAddresses& notice);
  void note(const engine::PeerToldNames& notice);
  /// What a peer said last of others' names, and is not kept yet.
  void keep_names(const DeviceId& peer);
  void note(const engine::PeerPresent& notice);
  void note(const engine::Refused& notice);
  void note(const engine::NothingThere& notice);
  static void note(const engine::OwnLogWentOn& notice);
  static void note(const engine::ForkFound& notice);
  /// From the storage thread: feeds the engine on this one.
  void answer(engine::Input input);
  /// From the storage thread: what was to be persisted is, or is not.
  void persisted(const SpaceId& space, std::uint64_t ticket,
                 const Result<storage::ApplyOutcome>& outcome);
  void read_next(engine::LinkId link);
  /// Brings a space's name and members up to date. From any thread.
  void refresh(const SpaceId& space);
  void write_told(const std::pair<DeviceId, SpaceId>& whose);
  void wait_for_deadline();

  asio::io_context& io_;
  engine::Engine engine_;
  LinkSet& links_;
  Meters& meters_;
  SyncRounds rounds_;
  storage::StorageThread* storage_ = nullptr;
  Network::Merged merged_;
  Network::Acknowledged acknowledged_;
  Network::Present present_;
  std::function<void(bool)> caught_up_;
  asio::steady_timer timer_;
  std::optional<engine::Instant> timer_at_;
  /// What a link has asked of the log: read one after the other, and only as fast as it is sent.
  struct Reads {
    bool is_reading = false;
    std::deque<engine::LoadLog> waiting;
  };
  /// What a peer says it holds: only the newest word of it waits to be stored.
  struct Told {
    bool is_writing = false;
    std::optional<VectorClock> next;
  };

  std::map<DeviceId, Peer> peers_;
  std::map<engine::LinkId, DeviceId> up_;
  std::map<engine::LinkId, Reads> reads_;
  std::map<std::pair<DeviceId, SpaceId>, Told> told_;
  /// There while something is being written; what it said meanwhile, all of it anew.
  std::map<DeviceId, std::optional<std::map<DeviceId, std::string>>> said_of_others_;
  std::uint64_t refused_changes_ = 0;
  std::uint64_t next_question_ = 1;
  std::map<std::uint64_t, std::function<void()>> questions_;
};

}  // namespace lanyard::agent
