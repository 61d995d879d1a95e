#pragma once

#include <deque>
#include <map>
#include <set>

#include "replication/engine/live_run.hpp"
#include "replication/engine/outbox.hpp"
#include "replication/engine/parked_runs.hpp"
#include "replication/engine/peer_space.hpp"
#include "replication/engine/pushes.hpp"

namespace lanyard::engine {

/// What a space needs of the engine around it.
struct SpaceContext {
  DeviceId self;
  const Hasher& hasher;
  const Verifier& verifier;
  const CipherFactory& ciphers;
  Outbox& out;
  Pushes& pushes;
  /// How often each device said of our own log what it did not show.
  std::map<DeviceId, std::size_t>& unproven;
  /// Bytes of packs that are not complete yet, of all spaces of a link.
  std::map<LinkId, std::uint64_t>& parts;
  ParkedTotal& parked;
};

/// The messages that are about one space.
using SpaceMessage = std::variant<wire::Pull, wire::Grant, wire::PackPart, wire::InStep,
                                  wire::LiveRun, wire::Have, wire::Credit, wire::Acknowledge,
                                  wire::ForkPoints, wire::Fork, wire::Presence, wire::ClockPart>;

/// One space in talk with every linked member: who is asked for what is missing, what is sent to
/// whom, what is applied and what is durable. Pure.
///
/// With each peer there are two dialogues that know nothing of each other: we pull from it, and it
/// pulls from us. After a pull is answered in full the answering side is *in step*: it sends what
/// is new at once, on standing credit. One that has fallen behind its credit is told `have`, and
/// pulls again.
class SpaceSync {
 public:
  SpaceSync(const SpaceId& space, const SpaceContext& context);

  // ---- storage
  [[nodiscard]] bool is_open() const { return intake_ != nullptr; }
  /// Open, and nothing of it is on disk, as its founding is not proven.
  [[nodiscard]] bool is_prospect() const { return is_prospect_; }
  /// A prospect of which nobody has anything to show.
  [[nodiscard]] bool is_hollow() const;
  void opened(SpaceOpened opened, Now now);
  void condition(const StoreCondition& said, Now now);
  void mended(const LogMended& done) { return_credit(done.link, done.cost); }
  void committed(Committed committed, Now now);
  /// There is no such space here: who asked is answered like one who may not see it.
  void not_here();
  void applied(std::uint64_t ticket, Now now);
  void durable(const VectorClock& clock);
  void persist_failed(const PersistFailed& failed, Now now);
  void log_loaded(LogLoaded loaded, Now now);
  void grant_loaded(const GrantLoaded& loaded, Now now);
  void fork_said(const ForkSaid& said);
  void fork_kept(ForkKept kept, Now now);

  // ---- peers
  /// The peer is linked, and this space concerns it: from now on it hears of what is new.
  /// `knows_of_it`: it need not be told that the space is here.
  void peer_listed(LinkId link, const DeviceId& device, bool knows_of_it);
  /// Its digest equalled ours. `still`: ours has not changed since, so that both hold the same now.
  void peer_equal(LinkId link, bool still, Now now);
  /// There is room on its link again for what had to stay here.
  void peer_listens(LinkId link);
  /// It has something that we have not, or may have.
  void peer_has_news(LinkId link, Now now);
  void peer_gone(LinkId link, Now now);
  /// It said goodbye: perhaps since it could not take what it was sent.
  void left_by(LinkId link, wire::ByeCode why);
  /// A linked device may have become a member just now: then it is told what there is. True if so.
  bool offer(LinkId link, const DeviceId& device);

  /// To every linked member. While the space is being opened, the newest one waits.
  void tell_presence(TellPresence told);

  /// A message about this space. kBusy: more came than can wait while the space is being opened.
  [[nodiscard]] Status hear(LinkId link, SpaceMessage message, Now now);

  // ---- time
  /// Nobody will answer any more: changes of ours do not wait for it.
  void end_doubt();
  void time_passed(Now now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  /// Of what is applied and known: to be compared with others'.
  [[nodiscard]] Hash digest() const;
  /// True if nothing is under way, so that it may be forgotten and opened again later.
  [[nodiscard]] bool is_idle() const;

 private:
  using Peer = PeerSpace;
  /// Changes handed to storage and not yet applied.
  struct InFlight {
    std::uint64_t ticket = 0;
    LinkId from;
    std::uint64_t cost = 0;
    VectorClock heads;
    std::optional<wire::LiveRun> run;  ///< what to forward, if it came live
  };
  struct Live {
    Seq last;
    Signature signature;
    LinkId from;  ///< none: our own
  };
  /// A peer says that our own log went on elsewhere.
  struct Doubt {
    LinkId link;
    DeviceId peer;
    Instant until;
  };

  void on(LinkId link, const wire::Pull& message, Now now);
  void on(LinkId link, const wire::Grant& message, Now now);
  void on(LinkId link, const wire::PackPart& message, Now now);
  void on(LinkId link, const wire::InStep& message, Now now);
  void on(LinkId link, const wire::LiveRun& message, Now now);
  void on(LinkId link, const wire::Have& message, Now now);
  void on(LinkId link, const wire::Credit& message, Now now);
  void on(LinkId link, const wire::Acknowledge& message, Now now);
  void on(LinkId link, const wire::ForkPoints& message, Now now);
  void on(LinkId link, const wire::Fork& message, Now now);
  void on(LinkId link, const wire::Presence& message, Now now);
  void on(LinkId link, const wire::ClockPart& message, Now now);

  [[nodiscard]] Peer* find(LinkId link);
  /// Whether we may talk with it about this space. An empty store knows no members: it has nothing
  /// to tell either.
  [[nodiscard]] bool is_member(const Peer& peer) const;
  /// The same, and an empty store has nobody to talk with.
  [[nodiscard]] bool is_known_member(const Peer& peer) const;
  [[nodiscard]] std::map<LinkId, Peer>::iterator next_source();
  [[nodiscard]] bool has_news(const Peer& peer) const;
  /// Ahead of it goes what its clock has too much for a message.
  template <class Message>
  void send_with_clock(LinkId link, Message message);
  [[nodiscard]] VectorClock untold_durable(const Peer& peer) const;
  [[nodiscard]] bool may_note(const VectorClock& noted, const LogId& log) const;
  [[nodiscard]] VectorClock whole_clock(Peer& peer, const VectorClock& last) const;
  void take_grant(const wire::Grant& grant);
  void pull_next(Now now);
  void finish_source(LinkId link, Now now);
  static void add_credit(Peer& peer, std::uint64_t bytes);
  void serve(LinkId link, Now now);
  void load(LinkId link, Peer& peer);
  void flush(LinkId link, Peer& peer, Now now);
  void in_step(LinkId link, Peer& peer, Now now);
  /// True if something new was accepted. If it could not be, what to do about that was done.
  bool accept(LinkId link, ByteView pack, std::uint64_t cost, const wire::LiveRun* run, Now now);
  void refuse(LinkId link, Peer& peer, const Error& error, Now now);
  void open_anew(const std::string& reason);
  void pass_over(LinkId link, Peer& peer, const Error& error, Now now);
  // Spaces that are not here yet (space_prospect.cpp).
  [[nodiscard]] bool is_founded(LinkId link);
  void keep(Effect effect, std::size_t bytes);
  [[nodiscard]] bool has_context(const wire::LiveRun& run) const;
  void park(wire::LiveRun run, LinkId link);
  void retry_parked(Now now);
  // Forks (space_forks.cpp).
  void ask_branch(LinkId link, const LogId& log, const Head& shown = {});
  void look_for_forks(LinkId link, const VectorClock& theirs);
  void tell_forks(LinkId link, Peer& peer);
  [[nodiscard]] bool may_be_told(const LogId& log, const DeviceId& device) const;
  [[nodiscard]] Status take_fork(const wire::Fork& message);
  [[nodiscard]] bool may_speak_of_forks(const Peer* peer) const;
  [[nodiscard]] bool look_for_fork(LinkId link, ByteView pack, const Error& refused);
  [[nodiscard]] bool look_behind(LinkId link, std::span<const oplog::Change> changes);
  void leave_forked_log(const LogId& log);
  void note_live(const wire::LiveRun& run, LinkId from);
  void compare_live(LinkId link, const wire::LiveRun& run);
  [[nodiscard]] bool is_suspect(LinkId link, const LogId& log);
  // Changes that cannot be read (space_damage.cpp).
  void tell_all();
  [[nodiscard]] bool may_mend(const Peer& peer) const;
  [[nodiscard]] VectorClock held_undamaged() const;
  [[nodiscard]] bool mend(LinkId link, ByteView pack, std::uint64_t cost, bool is_known);
  void note_withheld(Peer& peer, const VectorClock& theirs, const VectorClock& held) const;
  void look_at_withheld();
  [[nodiscard]] static bool is_withheld(Peer& peer, const wire::LiveRun& run);
  // Our own log (space_own_log.cpp).
  void look_at_own_log(LinkId link, const VectorClock& theirs, Now now);
  void own_log_shown(const InFlight& applied);
  void not_shown(LinkId link);
  void settle_doubt(bool in_new_log);
  // News (space_news.cpp).
  void announce(const Committed& own, Now now);
  void broadcast(const wire::LiveRun& run, const Head& last, LinkId except, Now now);
  void tell(LinkId except, const VectorClock& heads, Now now);
  [[nodiscard]] bool may_wait(Peer& peer, const LogId& log, const Head& head, Now now);
  void tell_peer(LinkId link, Peer& peer, const LogId& log, const Head& head);
  void show(Peer& peer, const VectorClock& heads) const;
  void came_twice(LinkId link, Peer& peer, const wire::LiveRun& run);
  void look_at_awaited(Now now);
  void keep_awaiting(Peer& peer, const LogId& log, const Peer::Awaited& awaited);
  void return_credit(LinkId link, std::uint64_t bytes);
  /// What may still be given, so that at most `window` bytes are under way or not yet applied.
  [[nodiscard]] static std::uint64_t credit_room(const Peer& peer, std::uint64_t window);
  void acknowledge(LinkId link, Peer& peer);
  void notify_progress(const Peer& peer, Phase phase) const;

  SpaceId space_;
  SpaceContext context_;
  std::unique_ptr<Cipher> cipher_;
  std::unique_ptr<oplog::Intake> intake_;
  VectorClock applied_;
  VectorClock durable_;
  std::map<LinkId, Peer> peers_;
  std::vector<std::pair<LinkId, SpaceMessage>> deferred_;  ///< until the space is open
  std::uint64_t deferred_bytes_ = 0;
  std::uint64_t deferred_clock_bytes_ = 0;
  std::vector<Committed> own_deferred_;
  std::optional<TellPresence> presence_;  ///< until the space is open
  std::deque<InFlight> in_flight_;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t next_request_ = 1;
  std::optional<LinkId> source_;
  LinkId last_source_;
  Instant source_heard_;
  std::optional<Instant> durable_at_;
  std::optional<Instant> retry_at_;    ///< storage failed: ask nobody until then
  std::optional<Instant> awaited_at_;  ///< when to see whether peers got what others bring them
  ParkedRuns parked_;
  /// The end of the last run of each log that came live, and its signature: the same run comes from
  /// several sides, and another run of the same number is a fork.
  std::map<LogId, Live> last_live_;
  std::optional<LogId> own_log_;  ///< that our next change goes on with
  std::optional<Doubt> doubt_;    ///< changes of ours wait
  bool may_ask_ = true;           ///< storage has room for what peers hold
  bool is_prospect_ = false;
  std::vector<Effect> held_back_;  ///< what a prospect keeps once it is founded
  std::size_t held_back_bytes_ = 0;
  VectorClock damaged_;  ///< as StoreCondition has it
};

}  // namespace lanyard::engine
