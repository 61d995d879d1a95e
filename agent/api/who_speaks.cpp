#include "agent/api/who_speaks.hpp"

#include "agent/api/live_talk.hpp"

namespace lanyard::agent {
namespace {

/// A browser leaves Origin out where a page reads from its own; then it says so otherwise.
bool is_page(const std::string& origin, const Speaker& speaker) {
  if (speaker.origin) return *speaker.origin == origin;
  return speaker.fetch_site == "same-origin" && "http://" + speaker.host == origin;
}

tl::expected<Access, AccessTable::Refusal> access_of_speaker(ApiRoom& room,
                                                             const std::optional<std::string>& page,
                                                             const Hash& token,
                                                             const Speaker& speaker) {
  if (!page) return room.access.find(token, speaker.origin, room.host.wall());
  if (!is_page(*page, speaker)) return tl::unexpected(AccessTable::Refusal::kOtherOrigin);
  return access_of_person();
}

}  // namespace

tl::expected<Access, AccessTable::Refusal> who_speaks(ApiRoom& room, const Hash& token,
                                                      const Speaker& speaker) {
  return access_of_speaker(room, room.reception.sign_in.page_of(token), token, speaker);
}

std::string why_refused(AccessTable::Refusal refusal) {
  switch (refusal) {
    case AccessTable::Refusal::kUnknown: break;
    case AccessTable::Refusal::kExpired: return "the token has expired";
    case AccessTable::Refusal::kOtherOrigin: return "the token is bound to another origin";
    case AccessTable::Refusal::kOtherDoor:
      return "the token is a user's, and good at compatibility listeners alone";
  }
  return "the token is not known here, or was revoked";
}

// ---- Standing

tl::expected<Access, AccessTable::Refusal> Standing::access() const {
  return access_of_speaker(room_, room_.reception.sign_in.still_page_of(token_), token_, speaker_);
}

Status Standing::check() const {
  const auto now = access();
  if (now) return {};
  return fail(Code::kNoToken, why_refused(now.error()),
              "Make one: lanyard token create --app NAME --space SPACE");
}

void Standing::watch(std::function<void(const Error& why)> on_lost) {
  on_lost_ = std::move(on_lost);
  // Whoever lets go of one last may be on another thread: it is not asked to tell us.
  std::erase_if(room_.standings, [](const auto& each) { return each.expired(); });
  room_.standings.push_back(weak_from_this());
}

void Standing::look() {
  if (const Status good = check(); !good)
    if (const auto tell = std::exchange(on_lost_, nullptr)) tell(good.error());
}

void look_at_standings(ApiRoom& room) {
  for_each_live(room, [](LiveClient& live) { live.on_access_changed(); });
  const auto standings = room.standings;
  for (const auto& each : standings)
    if (const auto standing = each.lock()) standing->look();
}

}  // namespace lanyard::agent
