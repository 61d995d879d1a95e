#include "agent/control/control_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/control/socket_address.hpp"
#include "agent/errors.hpp"
#include "agent/json_slices.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

tl::unexpected<Error> gone() {
  return fail(Code::kNotRunning, "the agent closed the connection",
              "Look at its log with  lanyard log  and start it again with  lanyard up");
}

Error error_from(std::string_view json) {
  const auto object = JsonObject::parse(json);
  if (!object) return {Code::kProtocol, "the agent's answer cannot be read"};
  const auto text = [&](std::string_view name) {
    const auto value = object->find(name);
    return value ? json_string(*value).value_or("") : std::string();
  };
  const auto code = code_of(text("code"));
  if (code) return {*code, text("why"), text("fix")};
  return {Code::kInputOutput, text("title") + ": " + text("why"), text("fix")};
}

}  // namespace

ControlClient::ControlClient(int socket, std::chrono::milliseconds timeout, Interrupted interrupted)
    : socket_(socket), timeout_(timeout), interrupted_(std::move(interrupted)) {}

ControlClient::ControlClient(ControlClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      timeout_(other.timeout_),
      interrupted_(std::move(other.interrupted_)),
      last_id_(other.last_id_),
      in_(std::move(other.in_)),
      scanned_(other.scanned_) {}

ControlClient::~ControlClient() {
  if (socket_ >= 0) close(socket_);
}

Result<ControlClient> ControlClient::connect(const std::filesystem::path& socket,
                                             std::chrono::milliseconds timeout,
                                             Interrupted interrupted) {
  const auto not_running = [&](int number) {
    if (number == EACCES || number == EPERM)
      return fail(Code::kNotAllowed, socket.string() + " belongs to another user",
                  "Run this as the user whose agent it is.");
    return fail(Code::kNotRunning, "nobody listens on " + socket.string(),
                "Start the agent with  lanyard up");
  };
  const auto address = SocketAddress::of(socket);
  if (!address) return not_running(ENOENT);
  ControlClient out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), timeout,
                    std::move(interrupted));
  if (out.socket_ < 0 || ::connect(out.socket_, address->address(), address->size()) != 0)
    return not_running(errno);
  return out;
}

std::optional<ControlClient::Clock::time_point> ControlClient::deadline() const {
  if (timeout_.count() == 0) return std::nullopt;
  return Clock::now() + timeout_;
}

Status ControlClient::wait_for(short events, std::optional<Clock::time_point> until) {
  while (true) {
    if (interrupted_ && interrupted_()) return fail(Code::kInterrupted, kAskedFor);
    int wait_ms = -1;
    if (until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now());
      if (left.count() <= 0)
        return fail(
            Code::kUnreachable,
            "the agent did not answer within " + std::to_string(timeout_.count() / 1000) + " s",
            "Try again with a longer --timeout, or look at  lanyard log");
      wait_ms = static_cast<int>(left.count());
    }
    pollfd one{socket_, events, 0};
    const int ready = poll(&one, 1, wait_ms);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return gone();
  }
}

Result<std::int64_t> ControlClient::send(const std::string& method, const std::string& params) {
  JsonWriter out;
  out.begin_object().member("id", ++last_id_).member("method", method);
  out.name("params").raw(params).end_object();
  const std::string line = out.take() + "\n";
  const auto until = deadline();
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t sent =
        ::send(socket_, line.data() + at, line.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) at += static_cast<std::size_t>(sent);
    if (sent >= 0 || errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return gone();
    LANYARD_TRY(wait_for(POLLOUT, until));
  }
  return last_id_;
}

Result<std::string> ControlClient::read_line() {
  const auto until = deadline();
  std::array<char, 65536> part;
  while (true) {
    if (const std::size_t end = in_.find('\n', scanned_); end != std::string::npos) {
      std::string line = in_.substr(0, end);
      in_.erase(0, end + 1);
      scanned_ = 0;
      return line;
    }
    scanned_ = in_.size();
    LANYARD_TRY(wait_for(POLLIN, until));
    const ssize_t got = recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
    if (got == 0) return gone();
    if (got > 0) in_.append(part.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) return gone();
  }
}

namespace {

Result<AnswerLine> answer_of(const std::string& line) {
  const auto object = JsonObject::parse(line);
  if (!object) return fail(Code::kProtocol, "the agent's answer cannot be read");
  if (const auto error = object->find("error")) return fail(error_from(*error));
  AnswerLine out;
  const auto progress = object->find("progress");
  const auto result = object->find("result");
  const auto id = json_integer(object->find("id").value_or(""));
  if (!id || !(progress || result))
    return fail(Code::kProtocol, "the agent's answer makes no sense");
  out.kind = progress ? AnswerLine::Kind::kProgress : AnswerLine::Kind::kResult;
  out.id = *id;
  out.json = progress ? *progress : *result;
  return out;
}

}  // namespace

Result<AnswerLine> ControlClient::receive() {
  LANYARD_TRY_SET(const std::string line, read_line());
  return answer_of(line);
}

Result<std::optional<AnswerLine>> ControlClient::receive_within(std::chrono::milliseconds time) {
  const auto before = std::exchange(timeout_, time);
  const auto line = read_line();
  timeout_ = before;
  if (!line && line.error().is(Code::kUnreachable)) return std::nullopt;
  if (!line) return fail(line.error());
  LANYARD_TRY_SET(AnswerLine answer, answer_of(*line));
  return answer;
}

Result<std::string> ControlClient::call(
    const std::string& method, const std::string& params,
    const std::function<void(const std::string& json)>& progress) {
  LANYARD_TRY_SET(const std::int64_t id, send(method, params));
  while (true) {
    LANYARD_TRY_SET(AnswerLine line, receive());
    if (line.id != id) continue;
    if (line.kind == AnswerLine::Kind::kResult) return std::move(line.json);
    if (progress) progress(line.json);
  }
}

}  // namespace lanyard::agent
