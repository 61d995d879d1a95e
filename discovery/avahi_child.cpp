// The child processes: everything in which Avahi, and what the network sends, can hang or crash us.
#include <avahi-common/simple-watch.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "confinement/call_filter.hpp"
#include "confinement/file_rules.hpp"
#include "confinement/own_process.hpp"
#include "confinement/privacy.hpp"
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
/// Who is held up in Avahi's calls for longer than this speaks to a daemon that hangs. The agent's
/// patience with a silent child is a second longer.
constexpr std::chrono::seconds kCallMax{5};

class Child {
 public:
  /// `make`: nothing if the library is not there, and then `trouble` says so.
  Child(Backend kind, int pipe, MakeResponder make, std::string trouble)
      : kind_(kind),
        pipe_(pipe),
        make_(std::move(make)),
        poll_(avahi_simple_poll_new(), avahi_simple_poll_free),
        now_{Readiness::kNotThere, false, std::move(trouble)} {}

  int run() {
    if (!poll_) return EXIT_FAILURE;
    const AvahiPoll* api = avahi_simple_poll_get(poll_.get());
    AvahiWatch* watch = api->watch_new(api, pipe_, AVAHI_WATCH_IN, on_pipe, this);
    if (watch == nullptr) return EXIT_FAILURE;
    auto next_tick = Clock::now();
    while (!is_over_) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
      const int left = static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
      // What Avahi tells while it is waited for makes calls too.
      busy_since_ = Clock::now() + std::chrono::milliseconds(left);
      if (avahi_simple_poll_iterate(poll_.get(), left) != 0) break;
      const bool is_tick = Clock::now() >= next_tick;
      if (is_tick) next_tick = Clock::now() + kTick;
      settle(is_tick);
    }
    responder_.reset();
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

  /// Follows the orders, and says what came of it, outside of the responder's callbacks.
  void settle(bool is_tick) {
    if (!make_) return is_tick ? say(now_) : void();
    if (!orders_) return;
    const Report before = now_;
    const bool is_new = std::exchange(is_ordered_anew_, false);
    // One that announces is not told to stop, but goes: to stop would be calls to the daemon.
    if (following_ != 0 && following_ != orders_->turn) drop();
    if (!responder_ && may_begin()) begin();
    const bool is_ready = responder_ && responder_->is_ready();
    if (is_ready && orders_->turn != 0 && (is_new || following_ == 0)) {
      following_ = orders_->turn;
      responder_->follow(*orders_);
    }
    if (is_tick && responder_) responder_->tick();
    take_stock();
    if (is_tick || std::exchange(is_first_, false) || now_ != before) say(now_);
    // The agent turns to the other child by what was just said, and does not hear the farewells of
    // all that was seen here.
    if (now_.readiness != Readiness::kReady && following_ != 0) drop();
    if (responder_ && (responder_->has_failed() || is_held_up_)) drop();
  }

  /// The core is there only while it is used; the daemon is waited for all the time.
  [[nodiscard]] bool may_begin() const {
    return kind_ == Backend::kDaemon ? Clock::now() >= ask_daemon_at_ : orders_->turn != 0;
  }

  void begin() {
    if (kind_ == Backend::kDaemon) {
      ask_daemon_at_ = Clock::now() + kDaemonRetry;
      say(Report{Readiness::kAsking, false, {}});
    }
    is_held_up_ = false;
    responder_ = make_(poll_.get(), owner_);
  }

  void drop() {
    following_ = 0;
    responder_.reset();
  }

  /// What the next report says.
  void take_stock() {
    if (kind_ == Backend::kEmbedded) {
      now_ = {Readiness::kReady, false, {}};
    } else {
      if (Clock::now() - busy_since_ > kCallMax) is_held_up_ = true;
      const bool is_there = responder_ && responder_->is_ready();
      now_ = is_held_up_ ? Report{Readiness::kSilent, false, "the Avahi daemon does not answer"}
             : is_there  ? Report{Readiness::kReady, false, {}}
                         : Report{Readiness::kNotThere, false, "the Avahi daemon is not running"};
    }
    if (now_.readiness != Readiness::kReady || !responder_) return;
    now_.is_announced = responder_->is_announced();
    now_.trouble = responder_->trouble().substr(0, kTroubleBytesMax);
  }

  Backend kind_;
  int pipe_;
  MakeResponder make_;
  std::unique_ptr<AvahiSimplePoll, void (*)(AvahiSimplePoll*)> poll_;
  PipeFrames frames_{kToChildBytesMax};
  std::optional<Orders> orders_;
  Responder::Owner owner_{[this](const Sighting& sighting) { say(sighting); },
                          [this](const SightingKey& key) { say(Lost{key}); },
                          [this] { say(Collided{}); }};
  std::unique_ptr<Responder> responder_;
  Report now_;
  Clock::time_point ask_daemon_at_;
  Clock::time_point busy_since_;
  std::uint64_t following_ = 0;  ///< the turn whose orders the responder has
  bool is_held_up_ = false;      ///< the last calls to the daemon took too long
  bool is_ordered_anew_ = false;
  bool is_first_ = true;
  bool is_over_ = false;
};

/// Whoever takes this process over by what the network sends finds no file, no other process and no
/// new code. What the system refuses is left out: the agent says so of itself, on the same system.
void confine(Backend kind) {
  static_cast<void>(confinement::forbid_files());
  static_cast<void>(confinement::allow_only(kind == Backend::kDaemon
                                                ? confinement::CallSet::kMdnsDaemon
                                                : confinement::CallSet::kMdnsCore));
}

}  // namespace

std::optional<Backend> discovery_child(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != kChildVerb) return std::nullopt;
  for (const Backend each : kBackends) {
    if (std::string_view(argv[2]) == child_name(each)) return each;
  }
  return std::nullopt;
}

int run_discovery_child(Backend kind) {
  if (!confinement::has_own_process_pipe()) return EXIT_FAILURE;
  // Dies with the agent, also while it hangs; the end of the pipe is for the agent that goes in
  // order, and for one that went before this line.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  static_cast<void>(confinement::keep_private());
  // Ctrl-C in a terminal is meant for the agent.
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) std::signal(number, SIG_IGN);
  // Only one of the two libraries, ever: the one would call functions of the other.
  auto make = kind == Backend::kDaemon ? load_daemon_responder() : load_embedded_responder();
  // The library is there now, and so is all that it needs from the disk.
  confine(kind);
  if (!make) return Child(kind, confinement::kOwnProcessPipe, nullptr, make.error().detail).run();
  return Child(kind, confinement::kOwnProcessPipe, std::move(*make), {}).run();
}

}  // namespace lanyard::discovery
