#include "replication/engine/pushes.hpp"

namespace lanyard::engine {
namespace {

/// The numbers of our pings; those that people ask for begin at 0.
constexpr std::uint64_t kFirstNumber = std::uint64_t{1} << 62U;
/// Asked for early, so that a link that works never comes to the bound.
constexpr std::uint64_t kAskAfter = Pushes::kUnansweredMax / 2;

}  // namespace

bool Pushes::takes(LinkId link, std::uint64_t bytes) {
  const auto found = links_.find(link);
  if (found == links_.end()) return true;  // it is gone, and so is what is sent on it
  Link& each = found->second;
  const auto owed = now_.mono.since_origin - each.asked_at.since_origin;
  const bool is_silent = each.asked && owed >= kAnswerMax;
  const std::uint64_t unanswered = each.sent - each.answered;
  const bool has_room = unanswered == 0 || unanswered + bytes <= kUnansweredMax;
  // Nothing overtakes what had to stay: something large would wait without end behind a stream.
  if (has_room && !is_silent && !each.has_kept) return true;
  each.has_kept = true;
  if (!each.asked) ask(link, each);
  return false;
}

void Pushes::send(LinkId link, const wire::Message& message, std::uint64_t bytes) {
  out_.send(link, message);
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  Link& each = found->second;
  each.sent += bytes;
  // Other messages may have no answer.
  const bool is_acknowledged = std::holds_alternative<wire::LiveRun>(message);
  if (is_acknowledged && !each.unheard_since) each.unheard_since = now_.mono;
  const bool is_unheard =
      each.unheard_since &&
      now_.mono.since_origin - each.unheard_since->since_origin >= limits::kShownWithin;
  if (!each.asked && (is_unheard || each.sent - each.answered >= kAskAfter)) ask(link, each);
}

void Pushes::ask(LinkId id, Link& link) {
  link.asked = link.sent;
  link.asked_at = now_.mono;
  out_.send(id, wire::Ping{kFirstNumber + link.sent, false});
}

void Pushes::heard(LinkId link) {
  const auto found = links_.find(link);
  if (found != links_.end()) found->second.unheard_since.reset();
}

std::optional<bool> Pushes::answered(LinkId link, std::uint64_t number) {
  const auto found = links_.find(link);
  if (found == links_.end()) return std::nullopt;
  Link& each = found->second;
  if (!each.asked || number != kFirstNumber + *each.asked) return std::nullopt;
  each.answered = *each.asked;
  each.asked.reset();
  return std::exchange(each.has_kept, false);
}

}  // namespace lanyard::engine
