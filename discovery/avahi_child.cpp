// The child process: everything in which Avahi, and what the network sends, can hang or crash us.
#include <avahi-common/simple-watch.h>
#include <avahi-core/log.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "discovery/avahi_daemon.hpp"
#include "discovery/avahi_embedded.hpp"
#include "discovery/child_process.hpp"
#include "discovery/discovery.hpp"

namespace lanyard::discovery {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTick{1};
/// Between two attempts to reach a D-Bus or a daemon that went away.
constexpr std::chrono::seconds kDaemonRetry{10};

class Child {
 public:
  explicit Child(int pipe) : pipe_(pipe), poll_(avahi_simple_poll_new(), avahi_simple_poll_free) {}

  int run() {
    if (!poll_) return EXIT_FAILURE;
    const AvahiPoll* api = avahi_simple_poll_get(poll_.get());
    AvahiWatch* watch = api->watch_new(api, pipe_, AVAHI_WATCH_IN, on_pipe, this);
    if (watch == nullptr) return EXIT_FAILURE;
    auto next_tick = Clock::now();
    while (!is_over_) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
      const int left = static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
      if (avahi_simple_poll_iterate(poll_.get(), left) != 0) break;
      const bool is_tick = Clock::now() >= next_tick;
      if (is_tick) next_tick = Clock::now() + kTick;
      settle(is_tick);
    }
    daemon_.reset();
    embedded_.reset();
    api->watch_free(watch);
    return EXIT_SUCCESS;
  }

 private:
  static void on_pipe(AvahiWatch* /*watch*/, int /*pipe*/, AvahiWatchEvent /*event*/, void* self) {
    static_cast<Child*>(self)->read();
  }

  void read() {
    std::array<std::uint8_t, 4096> part;
    const ssize_t got = ::recv(pipe_, part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end();  // the agent is gone
    frames_.add(ByteView(part).first(static_cast<std::size_t>(got)));
    while (true) {
      const auto frame = frames_.next();
      if (!frame) return end();
      if (!*frame) return;
      auto orders = decode_orders(**frame);
      if (!orders) return end();
      orders_ = std::move(*orders);
      is_ordered_anew_ = true;
    }
  }

  void end() { is_over_ = true; }

  void say(const ChildMessage& message) {
    const Bytes bytes = encode(message);
    for (std::size_t at = 0; at < bytes.size() && !is_over_;) {
      const ssize_t put = ::send(pipe_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return end();
      at += static_cast<std::size_t>(put);
    }
  }

  void report(Backend backend) {
    Report now{backend, false, {}};
    const Responder* active = backend == Backend::kEmbedded ? embedded_.get() : daemon_.get();
    if (active != nullptr && backend != Backend::kAskingDaemon) {
      now.is_announced = active->is_announced();
      now.trouble = active->trouble().substr(0, kTroubleBytesMax);
    }
    if (backend == Backend::kNone && now.trouble.empty())
      now.trouble = "the Avahi daemon is not running";
    say(now);
  }

  /// Which responder is to be there, outside of their callbacks.
  void settle(bool is_tick) {
    if (!orders_) return;
    const bool is_new = std::exchange(is_ordered_anew_, false);
    const Backend before = backend_;
    settle_daemon();
    const bool has_daemon = daemon_ && daemon_->is_ready();
    if (has_daemon || !orders_->may_use_embedded) embedded_.reset();
    if (!has_daemon && orders_->may_use_embedded && !embedded_) {
      embedded_ = make_embedded_responder(poll_.get(), owner_);
      embedded_->follow(*orders_);
    }
    backend_ = has_daemon ? Backend::kDaemon : embedded_ ? Backend::kEmbedded : Backend::kNone;
    if (is_tick || backend_ != before) report(backend_);
    if (is_new || backend_ != before) {
      if (daemon_) daemon_->follow(*orders_);
      if (embedded_) embedded_->follow(*orders_);
    }
    if (!is_tick) return;
    if (daemon_) daemon_->tick();
    if (embedded_) embedded_->tick();
  }

  void settle_daemon() {
    if (daemon_ && (daemon_->has_failed() || !orders_->may_use_daemon)) daemon_.reset();
    if (daemon_ || !orders_->may_use_daemon || Clock::now() < ask_daemon_at_) return;
    ask_daemon_at_ = Clock::now() + kDaemonRetry;
    // If this never returns, the agent knows why.
    report(Backend::kAskingDaemon);
    daemon_ = make_daemon_responder(poll_.get(), owner_);
  }

  int pipe_;
  std::unique_ptr<AvahiSimplePoll, void (*)(AvahiSimplePoll*)> poll_;
  PipeFrames frames_{kToChildBytesMax};
  std::optional<Orders> orders_;
  Responder::Owner owner_{[this](const Sighting& sighting) { say(sighting); },
                          [this](const SightingKey& key) { say(Lost{key}); },
                          [this] { say(Collided{}); }};
  std::unique_ptr<Responder> daemon_;
  std::unique_ptr<Responder> embedded_;
  Backend backend_ = Backend::kNone;
  Clock::time_point ask_daemon_at_;
  bool is_ordered_anew_ = false;
  bool is_over_ = false;
};

/// Avahi's log has the network's names in it, and nothing that a person needs.
void drop_log(AvahiLogLevel /*level*/, const char* /*text*/) {}

}  // namespace

bool is_discovery_child(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == kChildVerb;
}

int run_discovery_child() {
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(kChildDescriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return EXIT_FAILURE;
  // Dies with the agent, also while it hangs; the end of the pipe is for the agent that goes in
  // order, and for one that went before this line.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Ctrl-C in a terminal is meant for the agent.
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) std::signal(number, SIG_IGN);
  avahi_set_log_function(drop_log);
  return Child(kChildDescriptor).run();
}

}  // namespace lanyard::discovery
