#include "agent/api/http_strangers.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "agent/api/http_response_head.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

/// How long who was sent away may read why, and how many may at once.
constexpr std::chrono::seconds kLeavesWithin{1};
constexpr std::size_t kLeavingMax = 16;
/// Users of whom the log has a line each.
constexpr std::size_t kToldMax = 64;

Problem problem_for(const SocketOwner& owner, std::optional<std::uint32_t> user) {
  if (user)
    return {"LY-W017", "You have as many connections as another user may have",
            "the user " + std::to_string(*user) + " has a quarter of the places here",
            "Close some of them.", 2};
  if (owner.kind == SocketOwner::Kind::kUser)
    return {"LY-W016", "This agent serves another user",
            "this connection comes from the user " + std::to_string(owner.uid) +
                ", and the agent serves whoever runs it",
            "Who runs the agent can allow it: lanyard config set api.users " +
                std::to_string(owner.uid) + " , and start the agent again.",
            2};
  return {"LY-W016", "This agent serves the user who runs it alone",
          "the system does not say whose connection this is",
          "Who runs the agent can allow everybody: lanyard config set api.users '*' , and start "
          "the agent again.",
          2};
}

sockaddr_storage address_of(const LoopbackTcp::endpoint& endpoint) {
  sockaddr_storage out{};
  std::memcpy(&out, endpoint.data(), std::min(endpoint.size(), sizeof out));
  return out;
}

std::string text_of_refusal(int status, const Problem& problem,
                            const HttpServer::Manners& manners) {
  const HttpAnswer answer =
      manners.refusal ? manners.refusal(status, problem) : problem_answer(status, problem);
  HttpResponseHead head;
  head.begin();
  const std::string length = std::to_string(answer.body.size());
  head.set("Content-Type", answer.type);
  head.set("Content-Length", length);
  head.set("Connection", "close");
  std::string out;
  head.write(answer.status, out);
  return out + answer.body;
}

}  // namespace

StrangerDesk::StrangerDesk(net::io_context& io, AllowedUsers users)
    : io_(io), users_(std::move(users)) {}

SocketOwner StrangerDesk::owner_of(const LoopbackTcp::socket& socket) {
  NetError error;
  const auto client = socket.remote_endpoint(error);
  if (error) return {SocketOwner::Kind::kGone};
  const auto server = socket.local_endpoint(error);
  if (error) return {SocketOwner::Kind::kGone};
  return owners_.owner_of(address_of(client), address_of(server));
}

std::optional<std::uint32_t> StrangerDesk::who_may_enter(const LoopbackTcp::socket& socket) {
  if (users_.is_everybody) return ::geteuid();
  last_ = owner_of(socket);
  if (last_.kind == SocketOwner::Kind::kUser && users_.has(last_.uid)) return last_.uid;
  if (last_.kind == SocketOwner::Kind::kUser && were_told_.size() < kToldMax &&
      were_told_.insert(last_.uid).second)
    log_warning("the user " + user_text(last_.uid) +
                " connected to a port of the API and was refused (api.users)");
  if (last_.kind == SocketOwner::Kind::kUnknown && !std::exchange(was_unknown_told_, true))
    log_error(
        "the system does not say whose connections come in (neither sock_diag nor /proc/net/tcp): "
        "nobody is let in to the API. If every user of this machine may be: lanyard config set "
        "api.users '*'");
  return std::nullopt;
}

bool StrangerDesk::is_own(std::uint32_t user) const {
  return users_.is_everybody || user == ::geteuid();
}

void StrangerDesk::send_away(LoopbackTcp::socket socket, std::optional<std::uint32_t> user,
                             const HttpServer::Manners& manners) {
  const bool is_gone = !user && last_.kind == SocketOwner::Kind::kGone;
  if (is_gone) return;  // nobody is there to read it
  auto leaving = std::make_shared<LoopbackTcp::socket>(std::move(socket));
  NetError ignored;
  leaving->non_blocking(true, ignored);
  const std::string text = text_of_refusal(user ? 503 : 403, problem_for(last_, user), manners);
  leaving->write_some(net::buffer(text), ignored);  // less than any socket's buffer
  leaving->shutdown(LoopbackTcp::socket::shutdown_send, ignored);
  leaving_.push_back(leaving);
  if (leaving_.size() > kLeavingMax) leaving_.pop_front();  // closes it
  auto timer = std::make_shared<net::steady_timer>(io_, kLeavesWithin);
  timer->async_wait([this, timer, weak = std::weak_ptr(leaving)](const NetError&) {
    std::erase(leaving_, weak.lock());
  });
}

}  // namespace lanyard::agent
