#pragma once

#include <map>
#include <optional>

#include "replication/engine/input.hpp"
#include "replication/engine/outbox.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {

/// What is sent unasked on each link: fresh changes, news of them, acknowledgements. TCP carries it
/// later where a network does not carry it now, and by then it may have come on other ways. So the
/// peer is asked from time to time to answer, which says that all before has come, and no more than
/// kUnansweredMax is ever sent beyond what it has answered for; nothing while it owes an answer for
/// kAnswerMax. What stays here meanwhile is the owner's to remember. Pure.
class Pushes {
 public:
  /// Bytes. A local network answers for half of it within a few milliseconds, and then more goes
  /// out.
  static constexpr std::uint64_t kUnansweredMax = 16 * limits::kKiB;
  /// A peer that is busy answers in less, one that is far away too.
  static constexpr std::chrono::milliseconds kAnswerMax{500};

  /// Both outlive this. `now`: that of the present step.
  Pushes(Outbox& out, const Now& now) : out_(out), now_(now) {}

  void open(LinkId link) { links_[link]; }
  void close(LinkId link) { links_.erase(link); }

  /// Whether so many bytes may go out unasked now. A message may be larger than the bound if all
  /// before it is answered for. If not, the peer is asked, and answered() says when there is room.
  [[nodiscard]] bool takes(LinkId link, std::uint64_t bytes);
  /// After takes().
  void send(LinkId link, const wire::Message& message, std::uint64_t bytes);

  /// Something came from the peer.
  void heard(LinkId link);
  /// The peer has answered a ping. Nothing: it was not one of these. True: something had stayed
  /// here, and there is room for it now.
  [[nodiscard]] std::optional<bool> answered(LinkId link, std::uint64_t number);

 private:
  struct Link {
    std::uint64_t sent = 0;              ///< bytes since the link began
    std::uint64_t answered = 0;          ///< of those: known to have come
    std::optional<std::uint64_t> asked;  ///< what the answer that is owed will speak for
    Instant asked_at;
    /// When the first run went out since the peer was heard last.
    std::optional<Instant> unheard_since;
    bool has_kept = false;  ///< something did not go out
  };
  void ask(LinkId id, Link& link);

  Outbox& out_;
  const Now& now_;
  std::map<LinkId, Link> links_;
};

}  // namespace lanyard::engine
