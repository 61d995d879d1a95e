#pragma once

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <queue>

#include "agent/service/service_host.hpp"
#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/types/check.hpp"
#include "tests/unit/agent/temporary_folder.hpp"

/// What services stand on, for tests: a real storage thread, and the test's own thread as the
/// door's.
namespace lanyard::agent::testing {

/// One that nothing is asked of here.
class NoNetwork final : public Network {
 public:
  std::uint16_t sync_port() const override { return 0; }
  [[nodiscard]] bool is_enabled() const override { return true; }
  void on_merged(Merged) override {}
  void on_acknowledged(Acknowledged) override {}
  void on_present(Present) override {}
  void on_home_moved(HomeMoved) override {}
  void run(storage::StorageThread&) override {}
  void stop() override {}
  void post(std::function<void()>) override {}
  void tell_presence(wire::Presence) override {}
  void committed(const SpaceId&, std::shared_ptr<const storage::WriteOutcome>) override {}
  void condition_changed(const SpaceId&, const storage::StoreCondition&) override {}
  std::vector<PeerStatus> peers() const override { return {}; }
  NetworkCounters counters() const override { return {}; }
  void device_added(const DeviceId&, const std::string&) override {}
  void shared_again(const DeviceId& /*device*/) override {}
  void device_forgotten(const DeviceId&) override {}
  void space_left(const SpaceId&) override {}
  void sync_now() override {}
  std::vector<discovery::Sighting> nearby() const override { return {}; }
  DiscoveryStatus discovery() const override { return {}; }
  PairingDesk& pairing() override {
    check_failed("pairing()", "nobody is paired here", __FILE__, __LINE__);
  }
  void ping(const DeviceId&, std::function<void(std::vector<PingStep>)>) override {}
};

/// Jobs for the thread of the test, from any thread.
class Jobs {
 public:
  void post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push(std::move(job));
    ready_.notify_one();
  }
  /// The next one, when it comes.
  void run_one() {
    std::unique_lock lock(mutex_);
    REQUIRE(ready_.wait_for(lock, std::chrono::seconds(60), [this] { return !jobs_.empty(); }));
    const auto job = std::move(jobs_.front());
    jobs_.pop();
    lock.unlock();
    job();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::queue<std::function<void()>> jobs_;
};

/// A device with its storage thread and the spaces `notes` and `chats`.
class DoorHost {
 public:
  explicit DoorHost(WallTime start = {5000})
      : now(start),
        identity_(crypto::Identity::make_ephemeral(rng)),
        ciphers_(identity_, rng),
        storage_(
            open_vault(), [start] { return start; },
            [](const SpaceId&, const std::shared_ptr<const storage::WriteOutcome>&) {}),
        host{storage_,
             network_,
             [this](std::function<void()> job) { jobs_.post(std::move(job)); },
             [this] { return now; },
             [this] { return mono; },
             [](const SpaceId&, const std::shared_ptr<const storage::WriteOutcome>&) {},
             [](const SpaceId&) {},
             identity_.device(),
             "desk",
             folder_.path(),
             meters_} {}

  void run_one() { jobs_.run_one(); }
  /// What a service answers, when it does.
  template <class T, class Ask>
  Result<T> answer(Ask ask) {
    std::optional<Result<T>> out;
    ask(Done<T>([&](Result<T> given) { out = std::move(given); }));
    while (!out) jobs_.run_one();
    return std::move(*out);
  }

  WallTime now;  ///< for services
  engine::Instant mono;
  crypto::SystemRng rng;
  crypto::SodiumHasher hasher;
  crypto::SodiumVerifier verifier;

 private:
  std::unique_ptr<storage::Vault> open_vault() {
    storage::Vault::Options options;
    options.data_dir = folder_.path() / "data";
    options.digest_of = [](const VectorClock&) { return Hash{}; };
    auto vault = storage::Vault::open(options, {identity_, hasher, ciphers_, rng, verifier});
    REQUIRE(vault);
    REQUIRE((*vault)->create_space("notes", {1}));
    REQUIRE((*vault)->create_space("chats", {1}));
    return std::move(*vault);
  }

  TemporaryFolder folder_;
  crypto::Identity identity_;
  crypto::SpaceKeysFactory ciphers_;
  NoNetwork network_;
  Meters meters_;
  Jobs jobs_;
  storage::StorageThread storage_;

 public:
  ServiceHost host;
};

}  // namespace lanyard::agent::testing
