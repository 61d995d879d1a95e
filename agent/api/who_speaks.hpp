#pragma once

#include "agent/api/api_room.hpp"

namespace lanyard::agent {

/// Where a request says that it comes from; a header that is not there is nothing.
struct Speaker {
  std::optional<std::string> origin;
  std::optional<std::string> fetch_site;  ///< Sec-Fetch-Site
  std::string host;                       ///< Host
};

/// What the token of this hash allows there: an app's token what it names, that of a page which a
/// person signed in everything. Such a session is good in the page that was signed in alone, and
/// goes on with each use.
[[nodiscard]] tl::expected<Access, AccessTable::Refusal> who_speaks(ApiRoom& room,
                                                                    const Hash& token,
                                                                    const Speaker& speaker);

}  // namespace lanyard::agent
