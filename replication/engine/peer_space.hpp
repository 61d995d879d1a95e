#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "replication/engine/input.hpp"
#include "replication/types/bytes.hpp"
#include "replication/types/vector_clock.hpp"

namespace lanyard::engine {

/// One peer's two dialogues about one space.
struct PeerSpace {
  DeviceId device;
  /// It knows that we hold the space: by equal or compared digests, or because we offered it.
  bool knows_of_it = false;
  /// Equal digests gave both sides a standing credit, once a link.
  bool has_standing_credit = false;

  // ---- it pulls from us ----
  /// Answering its pull: a walk through our order of application, minus what it holds.
  struct Serving {
    std::uint64_t request = 0;
    VectorClock held;
    std::uint64_t position = 0;
    bool loading = false;  ///< storage was asked, for its grant or for the log
    /// It has pulled again since: what storage answers is for the pull before.
    bool begins_anew = false;
    bool news = false;  ///< something came while storage was being asked: its end is not the end
    bool at_end = false;
    std::deque<Bytes> ready;  ///< packs waiting for credit
  };
  std::optional<Serving> serving;
  bool was_sent_packs = false;
  bool they_in_step = false;
  std::uint64_t their_credit = 0;  ///< bytes that we may still send
  VectorClock acknowledged;        ///< what we have told it of our durable clock
  VectorClock durable;             ///< what it has told us of its own
  VectorClock clock_said;          ///< of a clock that comes in parts, until its last

  // ---- what it has without our doing ----
  /// How far it has shown to hold each log: what it sent, named, or acknowledged on this link.
  VectorClock shown;
  /// Logs of which it was sent live runs.
  std::set<LogId> brought;
  /// Those of them that it says somebody else brings it sooner.
  std::set<LogId> elsewhere;
  /// Logs that it was told it need not bring; what it sends of them now was under way before.
  std::set<LogId> spared;
  /// News of such a log. The peer is not told of it, unless it does not show `first` by `until`.
  struct Awaited {
    Seq first;
    Head last;
    Instant until;
  };
  std::map<LogId, Awaited> awaited;

  /// News that did not go out, as the link has no room: it is told when there is.
  VectorClock untold;

  // ---- we pull from it ----
  bool has_news = false;  ///< to be asked when its turn comes
  /// The same, unless somebody else has brought what it told us of by then.
  VectorClock news;
  bool asked = false;    ///< at some time on this link: packs may come
  bool pulling = false;  ///< asked, and not yet in step
  bool granted = false;  ///< it has answered this pull with a grant
  /// What it sends goes on from a fork: passed over until it is in step.
  bool ignoring = false;
  /// It was asked for what is damaged here, on this link; and has not yet sent all of it.
  bool mend_asked = false;
  bool mending = false;
  VectorClock withheld;  ///< what it says it holds, where it did not send all of that
  std::uint64_t told_withheld = 0;
  bool told_of_fork = false;  ///< people were told that it holds another branch of a log
  bool told_forks = false;    ///< it was sent those that are known here
  /// Logs of which it holds another branch, and when it was asked for that: how far the branch was
  /// known here, and what the peer had shown of it (seq 0: not its end).
  struct AskedBranch {
    Seq known;
    Head shown;
    friend bool operator==(const AskedBranch&, const AskedBranch&) = default;
  };
  std::map<LogId, AskedBranch> asked_branches;
  std::size_t fork_messages = 0;  ///< that it sent
  std::uint64_t our_credit = 0;   ///< bytes that it may still send
  std::uint64_t unapplied = 0;    ///< bytes that storage has not answered yet
  std::uint64_t owed = 0;         ///< bytes taken in, not yet given back as credit
  std::uint64_t received = 0;     ///< bytes in this catch-up
  std::uint64_t accepted = 0;     ///< changes in this catch-up
  Bytes part;                     ///< of a pack that is not complete yet
};

}  // namespace lanyard::engine
