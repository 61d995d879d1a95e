#pragma once

#include "agent/api/api_room.hpp"

namespace lanyard::agent {

/// Where a request says that it comes from; a header that is not there is nothing.
struct Speaker {
  std::optional<std::string> origin;
  std::optional<std::string> fetch_site;  ///< Sec-Fetch-Site
  std::string host = {};                  ///< Host
};

/// What the token of this hash allows there: an app's token what it names, that of a page which a
/// person signed in everything. Such a session is good in the page that was signed in alone, and
/// goes on with each use.
[[nodiscard]] tl::expected<Access, AccessTable::Refusal> who_speaks(ApiRoom& room,
                                                                    const Hash& token,
                                                                    const Speaker& speaker);

/// For people.
[[nodiscard]] std::string why_refused(AccessTable::Refusal refusal);

/// Whoever speaks in one request or on one line, as long as that goes on: rights are looked up anew
/// each time, since tokens are revoked and expire, and sessions end, in the middle of long uses.
/// Belongs to the api thread; `room` outlives it.
class Standing : public std::enable_shared_from_this<Standing> {
 public:
  Standing(ApiRoom& room, Hash token, Speaker speaker)
      : room_(room), token_(token), speaker_(std::move(speaker)) {}

  /// What they may do now. No use of a session: who only listens or reads on is not there.
  [[nodiscard]] tl::expected<Access, AccessTable::Refusal> access() const;
  /// Nothing as long as the token is good: kNoToken.
  [[nodiscard]] Status check() const;

  /// Calls this once when the token is found to be good no more, soon after that happened; not from
  /// within another call of this.
  void watch(std::function<void(const Error& why)> on_lost);
  void look();

 private:
  ApiRoom& room_;
  Hash token_;
  Speaker speaker_;
  std::function<void(const Error&)> on_lost_;
};

/// Tokens or sessions were given, revoked or ended: whoever is in the middle of using one is looked
/// at again.
void look_at_standings(ApiRoom& room);

}  // namespace lanyard::agent
