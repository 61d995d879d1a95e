#include "agent/api/api_server.hpp"

#include "agent/api/front_desk.hpp"
#include "agent/api/live_talk.hpp"
#include "agent/api/who_speaks.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// Where the default port is taken: an agent of another person on this machine, mostly.
constexpr int kApiPortsTried = 100;
/// A token that expires is noticed so soon where a wall clock was set; else at the moment itself.
constexpr std::chrono::seconds kLookForEndsEvery{60};

}  // namespace

class ApiServer::Impl {
 public:
  Impl(std::unique_ptr<HttpServer> server, Options options)
      : room_(
            with_post(std::move(options.host), server->post()), options.hasher, options.ciphers,
            options.rng, options.signer,
            [this](std::function<void()> applied) { access_changed(std::move(applied)); }, *server),
        server_(std::move(server)),
        compat_(room_, room_.access, room_.reception.tokens, options.rng, *server_,
                options.config.paths.data_dir / "compat.sqlite",
                options.config.compat_device_id.empty() ? to_short_text(room_.host.self)
                                                        : options.config.compat_device_id) {
    room_.started_ms = room_.host.wall().ms;
    room_.sync_port = options.sync_port;
    room_.finder = options.finder;
    room_.has_metrics = options.config.metrics_enabled;
    room_.access.set(std::move(options.tokens));
    room_.doors.port = server_->port();
    room_.on_acknowledged = [this](const DeviceId& device, const SpaceId& space,
                                   const VectorClock& durable) {
      for_each_live(room_, [&](LiveClient& live) { live.on_acknowledged(device, space, durable); });
    };
    room_.on_present = [this](const DeviceId& device, const wire::Presence& presence) {
      const Present present{presence.space, device, presence.app, to_json(presence.value)};
      for_each_live(room_, [&](LiveClient& live) { live.on_presence(present); });
    };
    room_.doors.is_registered = [this](const std::string& origin) {
      return room_.access.has_origin(origin, room_.host.wall());
    };
  }
  ~Impl() {
    room_.host.post([this] { count_live_uses(); });  // before stop() ends the lines
    server_->stop();
    store_uses(true);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] DoorNews news() {
    DoorNews out = room_.news();
    out.home_moved = [this, move = out.home_moved](const SpaceId& from, const SpaceId& to) {
      move(from, to);
      access_changed([] {});  // what tokens may do in the one they may do in the other now
    };
    return out;
  }

  void start() {
    room_.host.post([this] {
      compat_.start();
      store_live_uses_later();
      await_next_end();
    });
    HttpServer::Manners manners;
    manners.answered = [meters = &room_.host.meters](int status, const std::string& problem,
                                                     std::chrono::microseconds took) {
      meters->http_time.observe(took);
      meters->http_answers.add({std::to_string(status)});
      if (!problem.empty()) meters->errors.add({"api", problem});
    };
    server_->start(
        [this](const HeadView& head) {
          store_uses(false);
          return receive(room_, head);
        },
        manners);
  }

  [[nodiscard]] ToReception to_reception() {
    return [this, post = room_.host.post](std::function<void(Reception&)> job) {
      post([this, job = std::move(job)] { job(room_.reception); });
    };
  }

  [[nodiscard]] CompatDoor compat() {
    CompatDoor out;
    out.enable = [this](CompatWish wish, const Done<CompatView>& done) {
      room_.host.post([this, wish = std::move(wish), done] { compat_.enable(wish, done); });
    };
    out.disable = [this](std::string kind, const Done<CompatView>& done) {
      room_.host.post([this, kind = std::move(kind), done] { done(compat_.disable(kind)); });
    };
    out.list = [this](const Done<std::vector<CompatView>>& done) {
      room_.host.post([this, done] { done(compat_.list()); });
    };
    out.kept = [this](const Done<CompatKept>& done) {
      room_.host.post([this, done] { done(compat_.kept()); });
    };
    return out;
  }

  void access_changed(std::function<void()> applied) {
    room_.host.post([this, applied = std::move(applied)] { read_access(applied); });
  }

 private:
  void read_access(const std::function<void()>& applied) {
    ask_storage<std::vector<storage::TokenEntry>>(
        room_.host, [](storage::Vault& vault) { return vault.tokens(); },
        [this, applied](Result<std::vector<storage::TokenEntry>> tokens) {
          if (!tokens) log_error("the tokens cannot be read: " + tokens.error().detail);
          // Who cannot be looked up is not let in.
          room_.access.set(tokens ? std::move(*tokens) : std::vector<storage::TokenEntry>());
          look_at_standings(room_);
          applied();
          await_next_end();
        });
  }

  /// Tokens expire and sessions end by themselves: one timer, for the next of them. Those that
  /// listen would not notice. A wall clock that is set is noticed with the next look.
  void await_next_end() {
    std::chrono::milliseconds wait = kLookForEndsEvery;
    for (const auto next :
         {room_.access.next_end(room_.host.wall()), room_.reception.sign_in.next_end()})
      if (next) wait = std::min(wait, *next);
    room_.after(wait, [this, turn = ++ends_turn_] {
      if (turn != ends_turn_) return;  // another was set since
      look_at_standings(room_);
      await_next_end();
    });
  }

  void count_live_uses() {
    for_each_live(room_, [](const LiveClient& live) { live.count_use(); });
  }

  /// Who only listens on a line makes no request that would store it.
  void store_live_uses_later() {
    room_.after(limits::kTokenUseStoredEvery, [this] {
      count_live_uses();
      store_uses(false);
      store_live_uses_later();
    });
  }

  void store_uses(bool all) {
    auto uses = room_.access.take_uses(room_.host.wall(), all);
    if (uses.empty()) return;
    room_.host.storage.run([uses = std::move(uses)](storage::Vault& vault) {
      if (const Status stored = vault.used_tokens(uses); !stored)
        log_warning("the last use of tokens was not stored: " + stored.error().detail);
    });
  }

  ApiRoom room_;
  std::uint64_t ends_turn_ = 0;  ///< of the timer that counts
  std::unique_ptr<HttpServer> server_;
  CompatListeners compat_;
};

Result<std::unique_ptr<ApiServer>> ApiServer::open(Options options) {
  HttpServer::Options wanted{
      options.config.api_listen, options.port, options.port_is_default ? kApiPortsTried : 1, {}};
  LANYARD_TRY_SET(wanted.users, allowed_users(options.config.api_users));
  LANYARD_TRY_SET(auto server, HttpServer::open(wanted));
  return std::unique_ptr<ApiServer>(
      new ApiServer(std::make_unique<Impl>(std::move(server), std::move(options))));
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() = default;
std::uint16_t ApiServer::port() const { return impl_->port(); }
DoorNews ApiServer::news() { return impl_->news(); }
void ApiServer::access_changed(std::function<void()> applied) {
  impl_->access_changed(std::move(applied));
}
ToReception ApiServer::to_reception() { return impl_->to_reception(); }
CompatDoor ApiServer::compat() { return impl_->compat(); }
void ApiServer::start() { impl_->start(); }

}  // namespace lanyard::agent
