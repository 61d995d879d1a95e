#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/api_call.hpp"
#include "agent/memory_budget.hpp"
#include "agent/socket_owner.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {

/// The head of a request that passed refuse_head(). Views live as long as the call.
struct HeadView {
  std::string_view method;
  std::string_view target;
  bool has_body = false;
  /// The value of a header, by its name in any case; nothing where there is none.
  std::function<std::optional<std::string_view>(std::string_view name)> field;
  /// The same of all lines that have it, as one list (RFC 9110 5.3).
  std::function<std::optional<std::string>(std::string_view name)> list;

  /// Whose the connection is, as the system says: it is asked with each call.
  std::function<SocketOwner()> owner;

  /// The same as a text that outlives the call.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
    const auto value = field(name);
    return value ? std::optional(std::string(*value)) : std::nullopt;
  }
  /// What stands behind the target's question mark.
  [[nodiscard]] std::string_view query() const {
    return target.substr(std::min(path().size() + 1, target.size()));
  }
  /// The target without its query.
  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
};

/// Takes a body as it comes. Belongs to the api thread; gone before end() if the client left, or
/// once an answer was given before.
class BodyTaker {
 public:
  virtual ~BodyTaker() = default;
  /// At most 64 KiB. The next piece is read once `go_on` was called, now or later.
  virtual void take(std::string_view piece, std::function<void()> go_on) = 0;
  virtual void end() = 0;
};

/// Where messages of a WebSocket go (RFC 6455). Belongs to the api thread; once it is closed its
/// calls do nothing.
class SocketLine {
 public:
  virtual ~SocketLine() = default;
  /// A text message. Whoever has much to say looks at is_full() first: while it is, nothing more is
  /// read from the client, and nothing is thrown away.
  virtual void send(std::string message) = 0;
  /// Whether as much waits for the client as may: limits::kSocketQueueFull, and little where much
  /// waits for all of them together (kLinesWaitingMax).
  [[nodiscard]] virtual bool is_full() const = 0;
  /// Says why, and closes.
  virtual void close(std::uint16_t code, std::string reason) = 0;
  /// Closes with 1008 after this time; nothing: not any more.
  virtual void close_within(std::optional<std::chrono::milliseconds> time) = 0;
  /// No further message is read as long as somebody keeps one of these, on any thread: who is slow
  /// to take what was said hears the rest later.
  [[nodiscard]] virtual std::shared_ptr<void> hold_reading() = 0;
};

/// Who speaks on a WebSocket for us. Belongs to the api thread.
class SocketTalk {
 public:
  virtual ~SocketTalk() = default;
  virtual void on_open() = 0;
  virtual void on_text(const std::string& message) = 0;
  /// The client has taken everything that waited.
  virtual void on_drained() = 0;
  virtual void on_closed() = 0;
};

/// What is to be done with a request, said when its head is known.
struct HeadOrder {
  /// It is answered at once, and its body is not read.
  std::optional<HttpAnswer> answer = {};
  /// Larger bodies are refused as they come.
  std::uint64_t body_max = 0;
  /// What the whole body takes with all that is made of it, a byte of it; 0: `take` sees to it.
  std::uint64_t memory_per_byte = kMemoryPerJsonByte;
  /// It changes nothing: where there is no memory for its answer, it is refused.
  bool only_reads = false;
  /// Asked when an answer as a whole is about to go: what goes instead, where whoever asked may not
  /// have it any more. May be empty.
  std::function<std::optional<HttpAnswer>()> refuse_late = {};
  /// And before each piece of one that comes in pieces, which is broken off then.
  bool breaks_off_late = false;
  /// With the whole body; or, if there is `take`, piece by piece.
  std::function<void(std::string body, const ApiReply& reply)> go = {};
  std::function<std::unique_ptr<BodyTaker>(const ApiReply& reply)> take = {};
  /// It becomes a WebSocket.
  std::function<std::shared_ptr<SocketTalk>(std::shared_ptr<SocketLine> line)> upgrade = {};
  /// Headers of whatever the answer will be.
  std::vector<std::pair<std::string, std::string>> fields = {};
};

/// The order to answer at once.
[[nodiscard]] inline HeadOrder answered(HttpAnswer answer) {
  HeadOrder out;
  out.answer = std::move(answer);
  return out;
}

/// HTTP/1.1 on loopback (RFC 9110, 9112; Boost.Beast), on the api thread, which it starts and owns.
/// At most limits::kHttpConnectionsMax at once: one more takes the place of the one that has been
/// idle for longest. Each has 10 s to send a head, and must go on sending and reading. A body or
/// message that is not small is not read before there is memory for all of it (docs/adr/0032).
///
/// Whoever has the other end of a connection is looked up as it comes: other users of this machine
/// are answered 403 unread, and take no place (docs/adr/0033).
///
/// Further ports are served on the same thread, each with a desk and connections of its own: a
/// flood of one leaves the places of the others alone.
class HttpServer {
 public:
  using Desk = std::function<HeadOrder(const HeadView& head)>;

  /// How a door differs from that of the API.
  struct Manners {
    std::size_t connections_max = limits::kHttpConnectionsMax;
    std::size_t message_max = limits::kSocketMessageMax;  ///< bytes, on a WebSocket
    std::uint64_t message_memory = kMemoryPerJsonByte;    ///< that a byte of one takes
    /// How it says no. Empty: problem_answer().
    std::function<HttpAnswer(int status, const Problem& problem)> refusal = {};
    /// An answer was sent whole. `problem`: as HttpAnswer has it. `took`: from the request's head.
    std::function<void(int status, const std::string& problem, std::chrono::microseconds took)>
        answered = {};
  };

  struct Options {
    std::vector<std::string> addresses;  ///< loopback; those that this machine does not have are
                                         ///< left out, as long as there is one
    std::uint16_t port = 0;
    int ports_tried = 1;  ///< the next ones, where a port is taken
    AllowedUsers users = {};
  };
  /// Listens and serves nobody yet. kPortTaken, kInvalidConfig with the fix.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> open(const Options& options);
  /// stop().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Starts the thread. `desk` is called on it for each request.
  void start(Desk desk, const Manners& manners);
  /// Runs a job on the api thread, in the order of the calls. From any thread, before start() too.
  /// It may be called when this is gone: jobs are then thrown away unrun.
  using Post = std::function<void(std::function<void()> job)>;
  [[nodiscard]] Post post() const;
  /// Runs a job on the api thread after this time; else as post().
  using After = std::function<void(std::chrono::milliseconds time, std::function<void()> job)>;
  [[nodiscard]] After after() const;
  /// What the bodies of all ports take their memory from.
  [[nodiscard]] const std::shared_ptr<MemoryBudget>& bodies() const;
  /// Serves a port of its own, on all of these loopback addresses that this machine has, or on
  /// none: errors as open(). The answer closes it again, with its connections; it may be called
  /// once, and when it was closed by stop() it does nothing. On the api thread, both.
  using Shut = std::function<void()>;
  [[nodiscard]] Result<Shut> serve(const std::vector<std::string>& addresses, std::uint16_t port,
                                   const Manners& manners, Desk desk);
  /// Lets nobody in any more, closes every connection and joins. Not from the api thread.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::agent
