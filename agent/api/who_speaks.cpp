#include "agent/api/who_speaks.hpp"

namespace lanyard::agent {
namespace {

/// A browser leaves Origin out where a page reads from its own; then it says so otherwise.
bool is_page(const std::string& origin, const Speaker& speaker) {
  if (speaker.origin) return *speaker.origin == origin;
  return speaker.fetch_site == "same-origin" && "http://" + speaker.host == origin;
}

}  // namespace

tl::expected<Access, AccessTable::Refusal> who_speaks(ApiRoom& room, const Hash& token,
                                                      const Speaker& speaker) {
  const auto page = room.reception.sign_in.page_of(token);
  if (!page) return room.access.find(token, speaker.origin, room.host.wall());
  if (!is_page(*page, speaker)) return tl::unexpected(AccessTable::Refusal::kOtherOrigin);
  return access_of_person();
}

}  // namespace lanyard::agent
