#pragma once

#include <deque>
#include <set>

#include "agent/api/beast.hpp"
#include "agent/api/http_server.hpp"
#include "agent/socket_owner.hpp"

namespace lanyard::agent {

/// Who may come in by the loopback listeners: the user that the agent runs as, root, and those that
/// api.users names. Others are told so without a byte of theirs being read, and take no place: a
/// few of them stay for a second, to read it. Belongs to the api thread.
class StrangerDesk {
 public:
  /// Started before the thread; `io` outlives it.
  StrangerDesk(net::io_context& io, AllowedUsers users);

  /// The user who has the other end; nothing: one who may not come in.
  [[nodiscard]] std::optional<std::uint32_t> who_may_enter(const LoopbackTcp::socket& socket);
  /// Whether it is the agent's own user, or everybody counts as one.
  [[nodiscard]] bool is_own(std::uint32_t user) const;
  /// Whose the other end is, as the system says.
  [[nodiscard]] SocketOwner owner_of(const LoopbackTcp::socket& socket);
  /// `user`: one who may come in, and has all the places that are for one.
  void send_away(LoopbackTcp::socket socket, std::optional<std::uint32_t> user,
                 const HttpServer::Manners& manners);

 private:
  net::io_context& io_;
  AllowedUsers users_;
  SocketOwners owners_;
  SocketOwner last_;                   ///< of whoever came last
  std::set<std::uint32_t> were_told_;  ///< users of whom the log has a line
  bool was_unknown_told_ = false;
  std::deque<std::shared_ptr<LoopbackTcp::socket>> leaving_;
};

}  // namespace lanyard::agent
