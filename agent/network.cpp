#include "agent/network.hpp"

#include <csignal>
#include <set>

#include "agent/address_gossip.hpp"
#include "agent/clock.hpp"
#include "agent/driver.hpp"
#include "agent/few_jobs.hpp"
#include "agent/links/listen.hpp"
#include "agent/logging.hpp"
#include "agent/pairing/desk.hpp"
#include "agent/ping_run.hpp"
#include "crypto/link_handshake.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/engine/live_run.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// A default port that is taken gives way to one of the next.
constexpr int kPortsTried = 100;
/// How long a stopping agent lets its links say goodbye.
constexpr std::chrono::milliseconds kStopMax{2000};
/// How long a link that may be dead has to answer. A busy device on a bad network answers in one.
constexpr std::chrono::seconds kSignOfLifeMax{5};

class NetworkLoop final : public Network {
 public:
  NetworkLoop(Options options, const crypto::Identity& identity, Meters& meters)
      : options_(std::move(options)),
        meters_(meters),
        link_identity_(identity, rng_),
        ciphers_(identity, rng_),
        links_(
            io_, link_identity_, rng_,
            {[this](engine::LinkId link, const DeviceId& peer) {
               driver_.link_up(link, peer);
               gossip_.links_changed();
             },
             [this](engine::LinkId link, const Error& why) {
               driver_.link_down(link, why);
               gossip_.links_changed();
             },
             [this](engine::LinkId link, Bytes message) {
               driver_.feed(engine::Received{link, std::move(message)});
             },
             [this](engine::LinkId link) { driver_.drained(link); },
             [this](const DeviceId& peer, const std::string& address) { on_met(peer, address); },
             [this](engine::LinkId link) { doubt(link); },
             [this](const PairingLink& link) { desk_.on_stranger(link); },
             [this](engine::LinkId link, const Bytes& message) { desk_.on_message(link, message); },
             [this](engine::LinkId link, const Error& why) { desk_.on_end(link, why); },
             [this](const Error& why) { count_error(meters_, "links", link_error(why)); }}),
        desk_(io_, links_, rng_,
              {[this](const DeviceId& device, const std::string& address) {
                 on_paired(device, address);
               },
               [this](const SpaceId& space, const auto& outcome) {
                 on_committed(space, *outcome);
                 driver_.sync_now();
               },
               [this](bool is_open) { announce(is_open); }}),
        driver_(io_, {identity.device(), options_.device_name, options_.build}, hasher_, verifier_,
                ciphers_, links_, meters),
        gossip_(io_, identity.device(), links_, driver_),
        discovery_(io_, options_.discovery, rng_,
                   {[this](const discovery::Sighting& sighting, discovery::Newcomer newcomer) {
                      links_.named(discovery_.instance());
                      links_.sighted(sighting.host_port(), sighting.key.instance, newcomer);
                    },
                    [this](const discovery::Sighting& sighting) { on_gone(sighting); },
                    [this] { on_moved(); }, on_condition}) {}

  Status listen() {
    const int tried = options_.sync_port_is_default ? kPortsTried : 1;
    LANYARD_TRY_SET(Tcp::acceptor acceptor,
                    listen_for_devices(io_, options_.listen_address, options_.sync_port, tried));
    acceptor_.emplace(std::move(acceptor));
    return {};
  }

  [[nodiscard]] std::uint16_t sync_port() const override {
    return acceptor_->local_endpoint().port();
  }

  [[nodiscard]] bool is_enabled() const override { return options_.is_enabled; }

  void on_merged(Merged merged) override { driver_.on_merged(std::move(merged)); }
  void on_acknowledged(Acknowledged acknowledged) override {
    driver_.on_acknowledged(std::move(acknowledged));
  }

  void on_present(Present present) override { driver_.on_present(std::move(present)); }

  void on_home_moved(HomeMoved moved) override { home_moved_ = std::move(moved); }

  void run(storage::StorageThread& storage) override {
    storage_ = &storage;
    driver_.start(storage);
    driver_.on_caught_up([this](bool has_new) { on_caught_up(has_new); });
    desk_.start(storage, {link_identity_.device(), options_.device_name, sync_port()});
    gossip_.start(storage);
    read_devices();
    move_home();
    if (options_.is_enabled)
      for (const std::string& address : options_.static_peers) links_.know_address(address);
    signals_.async_wait([this](const std::error_code& error, int) {
      if (!error) on_stop();
    });
    if (options_.is_enabled) {
      discovery_.start();
      announce(false);
    }
    accept();
    io_.run();
  }

  void stop() override {
    asio::post(io_, [this] { on_stop(); });
  }

  void post(std::function<void()> job) override { asio::post(io_, std::move(job)); }

  void tell_presence(wire::Presence presence) override {
    few_.post([this](auto job) { asio::post(io_, std::move(job)); },
              [this, presence = std::move(presence)] { driver_.tell_presence(presence); });
  }

  void committed(const SpaceId& space,
                 std::shared_ptr<const storage::WriteOutcome> outcome) override {
    asio::post(io_, [this, space, outcome = std::move(outcome)] { on_committed(space, *outcome); });
  }
  void condition_changed(const SpaceId& space, const storage::StoreCondition& condition) override {
    asio::post(io_, [this, space, condition] {
      driver_.feed(engine::StoreCondition{space, condition.may_ask, condition.damaged});
    });
  }

  [[nodiscard]] std::vector<PeerStatus> peers() const override {
    std::vector<PeerStatus> peers = links_.peers();
    for (PeerStatus& each : peers) driver_.describe(each);
    return peers;
  }

  [[nodiscard]] NetworkCounters counters() const override {
    NetworkCounters counters = links_.counters();
    counters.refused_changes = driver_.refused_changes();
    return counters;
  }

  void device_added(const DeviceId& device, const std::string& address) override {
    if (options_.is_enabled) links_.know(device, address, true);
  }
  void device_forgotten(const DeviceId& device) override {
    driver_.feed(engine::DeviceForgotten{device});
    links_.forget(device);
    driver_.sync_now();
  }
  void shared_again(const DeviceId& device) override { driver_.tell_invitations(device); }
  void space_left(const SpaceId& space) override { driver_.feed(engine::SpaceLeft{space}); }
  void sync_now() override {
    driver_.sync_now();
    links_.dial_all_now();
  }
  [[nodiscard]] std::vector<discovery::Sighting> nearby() const override {
    return discovery_.nearby();
  }
  [[nodiscard]] DiscoveryStatus discovery() const override {
    std::set<std::string> instances;
    for (const discovery::Sighting& each : discovery_.nearby()) instances.insert(each.key.instance);
    return {discovery_.mode(), discovery_.condition(), instances.size()};
  }
  [[nodiscard]] PairingDesk& pairing() override { return desk_; }
  void ping(const DeviceId& device, std::function<void(std::vector<PingStep>)> done) override {
    std::make_shared<PingRun>(io_, links_, driver_, device, std::move(done))->start();
  }

 private:
  void accept() {
    acceptor_->async_accept([this](const std::error_code& error, Tcp::socket socket) {
      on_accept(error, std::move(socket));
    });
  }

  void on_accept(const std::error_code& error, Tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error && options_.is_enabled) links_.accept(std::move(socket));
    if (!error || error == asio::error::connection_aborted) return accept();
    // Out of descriptors, or of memory: the waiting connection stays; look again when some link may
    // be gone.
    accept_timer_.expires_after(std::chrono::seconds(1));
    accept_timer_.async_wait([this](const std::error_code& stopped) {
      if (!stopped) accept();
    });
  }

  // ---- discovery

  /// Who can only be reached from this machine is not announced to others.
  void announce(bool is_pairing) {
    const bool is_local = acceptor_->local_endpoint().address().is_loopback();
    discovery_.announce(is_local ? std::uint16_t{0} : sync_port(), is_pairing);
  }

  void on_gone(const discovery::Sighting& sighting) {
    const std::string address = sighting.host_port();
    for (const discovery::Sighting& other : discovery_.nearby())
      if (other.host_port() == address) return;  // seen on another interface too
    links_.unsighted(address);
  }

  /// Another network, or the same one after a sleep: links may be dead without knowing it.
  void on_moved() {
    log_info("the network has changed: every link gives a sign of life, every device is tried");
    links_.moved();
    for (const engine::LinkId link : links_.up()) doubt(link);
  }

  static void on_condition(const discovery::Condition& condition) {
    if (condition.state == discovery::State::kDegraded)
      return log_warning("discovery: " + condition.reason);
    log_info("discovery: " + std::string(state_text(condition.state)));
  }

  void know(const std::vector<storage::KnownDevice>& devices) {
    for (const storage::KnownDevice& each : devices) {
      if (!each.forgotten)
        links_.know(each.id, each.address, each.paired);
      else if (links_.is_known(each.id))
        device_forgotten(each.id);  // on another device of the same person
    }
  }

  /// Who is known may have changed, by a space that came in.
  void read_devices() {
    if (!options_.is_enabled) return;
    storage_->run([this](storage::Vault& vault) {
      auto devices = vault.devices();
      if (devices) asio::post(io_, [this, list = std::move(*devices)] { know(list); });
    });
  }

  void on_caught_up(bool has_new) {
    if (has_new) read_devices();
    if (has_new) gossip_.links_changed();
    if (home_waits_) move_home();
  }

  void on_paired(const DeviceId& device, const std::string& address) {
    links_.know(device, address, true);
    if (!address.empty()) links_.dial_now(device);
    home_waits_ = true;
    move_home();
  }

  /// Carries our `default` over to another device's, piece by piece, where a pairing said so.
  void move_home() {
    if (std::exchange(home_is_asked_, true)) return;
    storage_->run([this](storage::Vault& vault) {
      auto moved = std::make_shared<Result<storage::HomeMove>>(vault.move_home(wall_now()));
      asio::post(io_, [this, moved] { on_home_move(*moved); });
    });
  }

  void on_home_move(const Result<storage::HomeMove>& moved) {
    using State = storage::HomeMove::State;
    home_is_asked_ = false;
    if (!moved) {
      // Tried again when something comes in, and at the next start.
      home_waits_ = true;
      return log_error("the space \"default\" cannot be carried over: " + moved.error().detail);
    }
    home_waits_ = moved->state == State::kWaiting;
    if (moved->state == State::kNone) desk_.home_settled();
    if (moved->state == State::kNone || home_waits_) return;
    on_committed(moved->to, moved->outcome);
    driver_.tell_merged(moved->to, moved->outcome.touched);
    if (moved->state != State::kMoving) {
      driver_.feed(engine::SpaceLeft{moved->from});
      if (home_moved_) home_moved_(moved->from, moved->to);
    }
    moved->state == State::kOver ? desk_.home_settled() : move_home();
  }

  void on_met(const DeviceId& peer, const std::string& address) {
    storage_->run([peer, address](storage::Vault& vault) {
      static_cast<void>(vault.reached_device(peer, address));
    });
  }

  /// A link whose other end may be gone: it gives a sign of life, or is cut. Its answer may wait
  /// behind much else; anything that comes is a sign.
  void doubt(engine::LinkId link) {
    const std::uint64_t heard = links_.traffic(link).in;
    driver_.feed(engine::AskPeer{link, 0});
    const auto timer = std::make_shared<asio::steady_timer>(io_, kSignOfLifeMax);
    timer->async_wait([this, timer, link, heard](const std::error_code& error) {
      if (!error && links_.traffic(link).in == heard)
        links_.cut(link, Error(Code::kUnreachable, "no sign of life"));
    });
  }

  void on_committed(const SpaceId& space, const storage::WriteOutcome& outcome) {
    for (const storage::OwnRun& run : outcome.runs) {
      meters_.changes_written.add(run.changes.size());
      engine::Committed committed{space, engine::make_live_run(space, run.changes, run.signature),
                                  run.changes, run.is_large};
      for (std::size_t i = 0; i < committed.changes.size(); ++i) {
        committed.changes[i].payload =
            committed.run.items[i].payload;  // lives as long as the message
      }
      driver_.feed(std::move(committed));
    }
  }

  void on_stop() {
    if (std::exchange(stopping_, true)) return;
    std::error_code ignored;
    acceptor_->close(ignored);
    accept_timer_.cancel();
    signals_.cancel(ignored);
    desk_.stop();
    driver_.feed(engine::ShutDown{});
    links_.stop();
    discovery_.stop();
    gossip_.stop();
    // What has not said goodbye by then is cut off: nothing that matters is in it.
    accept_timer_.expires_after(kStopMax);
    accept_timer_.async_wait([this](const std::error_code&) { io_.stop(); });
    asio::post(io_, [this] { stop_when_quiet(); });
  }

  void stop_when_quiet() {
    if (links_.is_empty() && !discovery_.is_stopping()) return io_.stop();
    quiet_timer_.expires_after(std::chrono::milliseconds(10));
    quiet_timer_.async_wait([this](const std::error_code& error) {
      if (!error) stop_when_quiet();
    });
  }

  Options options_;
  Meters& meters_;
  crypto::SystemRng rng_;
  crypto::SodiumHasher hasher_;
  crypto::SodiumVerifier verifier_;
  crypto::LinkIdentity link_identity_;
  crypto::SpaceKeysFactory ciphers_;
  asio::io_context io_{1};
  LinkSet links_;
  PairingDesk desk_;
  Driver driver_;
  FewJobs few_{limits::kPresencesWaitingMax};
  AddressGossip gossip_;
  discovery::Discovery discovery_;
  std::optional<Tcp::acceptor> acceptor_;
  asio::steady_timer accept_timer_{io_};
  asio::steady_timer quiet_timer_{io_};
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  storage::StorageThread* storage_ = nullptr;
  HomeMoved home_moved_;
  bool home_waits_ = false;     ///< for a space to come in
  bool home_is_asked_ = false;  ///< a piece of the move is with storage
  bool stopping_ = false;
};

}  // namespace

const char* state_text(discovery::State state) {
  switch (state) {
    case discovery::State::kOff: return "off";
    case discovery::State::kStarting: return "starting";
    case discovery::State::kDaemon: return "daemon";
    case discovery::State::kEmbedded: return "embedded";
    case discovery::State::kDegraded: return "degraded";
  }
  return "unknown";
}

Result<std::unique_ptr<Network>> Network::open(Options options, const crypto::Identity& identity,
                                               Meters& meters) {
  auto network = std::make_unique<NetworkLoop>(std::move(options), identity, meters);
  LANYARD_TRY(network->listen());
  return network;
}

Status check_enabled(const Network& network) {
  if (network.is_enabled()) return {};
  return fail(Code::kNotAllowed, "sync is switched off on this device",
              "lanyard config list  says by whom (sync.enabled); switch it on and start the agent "
              "again.");
}

}  // namespace lanyard::agent
