#include "agent/api/who_speaks.hpp"

namespace lanyard::agent {
namespace {

/// A browser leaves Origin out where a page reads from its own; then it says so otherwise.
bool is_own_page(const Doors& doors, const Speaker& speaker) {
  if (speaker.origin) return doors.is_own_origin(*speaker.origin);
  return speaker.fetch_site == "same-origin";
}

}  // namespace

tl::expected<Access, AccessTable::Refusal> who_speaks(ApiRoom& room, const Hash& token,
                                                      const Speaker& speaker) {
  if (!room.reception.sign_in.is_signed_in(token))
    return room.access.find(token, speaker.origin, room.host.wall());
  if (!is_own_page(room.doors, speaker)) return tl::unexpected(AccessTable::Refusal::kOtherOrigin);
  return access_of_person();
}

}  // namespace lanyard::agent
