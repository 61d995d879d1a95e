#include "agent/agent.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>

#include "agent/api/api_server.hpp"
#include "agent/build_info.hpp"
#include "agent/clock.hpp"
#include "agent/control/control_server.hpp"
#include "agent/errors.hpp"
#include "agent/file_access.hpp"
#include "agent/instance_lock.hpp"
#include "agent/linked_folders.hpp"
#include "agent/lookup/process_finder.hpp"
#include "agent/network.hpp"
#include "agent/port_holder.hpp"
#include "agent/systemd_notify.hpp"
#include "confinement/call_filter.hpp"
#include "confinement/privacy.hpp"
#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/engine/digest_dialogue.hpp"
#include "replication/types/device_id_text.hpp"
#include "storage/descriptors.hpp"
#include "storage/storage_thread.hpp"

namespace lanyard::agent {
namespace {

constexpr const char* kSyncPortSetting = "sync_port";
constexpr const char* kApiPortSetting = "api_port";

/// Keys must not end up in a core file.
void forbid_core_files() {
  const rlimit none{0, 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
}

/// With all that it may have open: 32 spaces, 64 links, 256 connections, and readers of them.
constexpr rlim_t kDescriptorsWanted = 4096;

/// Takes as many as the system lets this process have. kInvalidConfig if that is too few to work
/// with: better now than at the first request that finds none left.
Status take_descriptors() {
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) != 0) return {};
  const rlimit wanted{std::max(most.rlim_cur, std::min(most.rlim_max, kDescriptorsWanted)),
                      most.rlim_max};
  if (wanted.rlim_cur != most.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &wanted) == 0) most = wanted;
  if (most.rlim_cur >= storage::kDescriptorsMin) return {};
  return fail(Code::kInvalidConfig,
              "this process may have " + std::to_string(most.rlim_cur) +
                  " files and sockets open at a time, and an agent needs at least " +
                  std::to_string(storage::kDescriptorsMin),
              "Allow more where it is started:  ulimit -n 1024 , or LimitNOFILE=1024 in its "
              "service.");
}

/// Apps speak to the port that they know, whoever has it: they would show their tokens there.
Error api_port_taken(std::uint16_t wanted, std::uint16_t found, ProcessFinder& finder) {
  const std::string port = std::to_string(wanted);
  return Error(Code::kPortTaken,
               "apps look for this agent at port " + port + ", which " +
                   port_holder_text(wanted, finder) +
                   " had when the agent started; it serves at port " + std::to_string(found) +
                   " until it is started again",
               "If that is no program of yours, revoke the tokens of apps that ran meanwhile "
               "(lanyard token list). Stop it, then  lanyard down  and  lanyard up . Or keep the "
               "new port:  lanyard config set api.port " +
                   std::to_string(found));
}

/// The composition root: builds the rooms, joins them, starts and stops them in order.
class Agent {
 public:
  Agent(const Config& config, ProcessFinder& finder) : config_(config), finder_(finder) {}

  Status open() {
    LANYARD_TRY(take_descriptors());
    LANYARD_TRY(crypto::init());
    LANYARD_TRY(prepare_folders(config_.paths));
    LANYARD_TRY_SET(InstanceLock lock, InstanceLock::take(config_.paths.data_dir));
    lock_.emplace(std::move(lock));
    LANYARD_TRY_SET(const auto linked, linked_folders(config_.paths));
    confine_files(linked);
    LANYARD_TRY(start_logging(config_.log));
    if (const std::string gaps = confinement::gaps(); !gaps.empty())
      log_warning("this process is not confined as it could be: " + gaps);
    LANYARD_TRY_SET(crypto::Identity identity,
                    crypto::Identity::load_or_create(config_.paths.identity(), rng_));
    identity_.emplace(std::move(identity));
    ciphers_.emplace(*identity_, rng_);
    LANYARD_TRY_SET(vault_, open_vault());
    for (const Error& warning : vault_->warnings())
      log_warning(warning.detail + ". " + warning.fix);
    LANYARD_TRY(vault_->settle_identity(wall_now()));
    LANYARD_TRY(vault_->home_id(wall_now()));
    LANYARD_TRY_SET(network_, open_network());
    return {};
  }

  Status run() {
    const std::uint16_t sync_port = network_->sync_port();
    LANYARD_TRY_SET(const std::uint16_t api_port, config_.api_port_is_default
                                                      ? kept_port(kApiPortSetting, config_.api_port)
                                                      : config_.api_port);
    const auto door_troubles = std::make_shared<std::vector<Error>>();
    LANYARD_TRY_SET(auto tokens, vault_->tokens());
    const storage::StorageThread::Committed committed =
        [this](const SpaceId& space, const std::shared_ptr<const storage::WriteOutcome>& outcome) {
          network_->committed(space, outcome);
          tell_changed(space, {outcome, &outcome->touched});
        };
    storage::StorageThread storage(std::move(vault_), wall_now, committed);
    const auto space_changed = [this](const SpaceId& space) {
      for (const DoorNews& door : doors_) door.space_changed(space);
    };
    const ServiceHost host{storage,
                           *network_,
                           {},
                           wall_now,
                           [] { return engine::Instant{mono_now()}; },
                           committed,
                           space_changed,
                           identity_->device(),
                           config_.device_name,
                           config_.paths.data_dir,
                           meters_,
                           door_troubles};
    LANYARD_TRY_SET(const auto api, ApiServer::open({config_, api_port, config_.api_port_is_default,
                                                     host, hasher_, *ciphers_, rng_, *identity_,
                                                     sync_port, std::move(tokens), &finder_}));
    LANYARD_TRY_SET(
        const auto control,
        ControlServer::open({config_, ports(), host, api->port(),
                             [api = api.get()](std::function<void()> applied) {
                               api->access_changed(std::move(applied));
                             },
                             api->to_reception(), api->compat(), [this] { network_->stop(); }}));
    if (config_.api_port_is_default && api->port() != api_port) {
      door_troubles->push_back(api_port_taken(api_port, api->port(), finder_));
      log_warning(door_troubles->back().detail + ". " + door_troubles->back().fix);
    }
    open_doors(*api, *control);
    keep_api_port(storage, api->port());
    log_info("device " + to_short_text(identity_->device()) + " serves " +
             config_.paths.data_dir.string() + " on sync port " + std::to_string(sync_port) +
             " and API port " + std::to_string(api->port()));
    if (const Status on = check_enabled(*network_); !on)
      log_warning(on.error().detail + ": " + on.error().fix);
    systemd_notify("READY=1");
    network_->run(storage);
    systemd_notify("STOPPING=1");
    log_info("stopped");
    return {};
  }

 private:
  /// Before there are keys and threads, and when its folders are there. Whoever holds the lock has
  /// the temporary folder.
  void confine_files(const std::vector<std::filesystem::path>& linked) {
    if (!confinement::is_confinable_build()) return;
    remove_left_places();
    temporary_.emplace(config_.paths.data_dir);
    static_cast<void>(
        confinement::allow_files(files_of_agent(config_.paths, linked, temporary_->path())));
  }

  [[nodiscard]] storage::Ports ports() { return {*identity_, hasher_, *ciphers_, rng_, verifier_}; }

  Result<std::unique_ptr<storage::Vault>> open_vault() {
    storage::Vault::Options options;
    options.data_dir = config_.paths.data_dir;
    options.marks = config_.paths.marks();
    options.digest_of = [this](const VectorClock& clock) {
      return engine::digest_of(clock, hasher_);
    };
    options.report = [this](const SpaceId& space, const Error& error) {
      const std::string what = "space " + to_text(space) + ": " + error.detail;
      // Storage has settled this by itself: it goes on in a new log, or has back what was lost.
      if (error.code == Code::kExists) return log_warning(what);
      count_error(meters_, "storage", error);
      log_error(what + " (" + error.code.message() + ")");
    };
    options.report_room = [this](const std::optional<Error>& full) {
      if (!full) return log_info("there is room on the disk again: changes are taken");
      count_error(meters_, "storage", *full);
      log_warning("changes are refused: " + full->detail + ". " + full->fix);
    };
    options.report_condition = [this](const SpaceId& space,
                                      const storage::StoreCondition& condition) {
      // Before there is one, nobody goes by it: the engine hears of it when it opens the space.
      if (network_) network_->condition_changed(space, condition);
    };
    return storage::Vault::open(std::move(options), ports());
  }

  /// Whoever changes something, every door hears of it. All are told of before any of them serves:
  /// from then on the list is read by several threads.
  void open_doors(ApiServer& api, ControlServer& control) {
    doors_ = {api.news(), control.news()};
    network_->on_merged([this](const SpaceId& space, const storage::Touched& touched) {
      tell_changed(space, std::make_shared<const storage::Touched>(touched));
    });
    network_->on_acknowledged(
        [this](const DeviceId& device, const SpaceId& space, const VectorClock& durable) {
          const auto kept = std::make_shared<const VectorClock>(durable);
          for (const DoorNews& door : doors_)
            if (door.acknowledged) door.acknowledged(device, space, kept);
        });
    network_->on_present([this](const DeviceId& device, const wire::Presence& presence) {
      const auto kept = std::make_shared<const wire::Presence>(presence);
      for (const DoorNews& door : doors_)
        if (door.present) door.present(device, kept);
    });
    network_->on_home_moved([this](const SpaceId& from, const SpaceId& to) {
      for (const DoorNews& door : doors_) door.home_moved(from, to);
    });
    api.start();
    control.start();
  }

  void tell_changed(const SpaceId& space, const std::shared_ptr<const storage::Touched>& touched) {
    for (const DoorNews& door : doors_) door.changed(space, touched);
  }

  /// A default port that was taken when an agent first started is left alone from then on: the one
  /// that was found then is kept. What is no port any more is as good as nothing: the default is
  /// tried again.
  Result<std::uint16_t> kept_port(const char* setting, std::uint16_t otherwise) {
    LANYARD_TRY_SET(const auto kept, vault_->setting(setting));
    if (kept) std::from_chars(kept->data(), kept->data() + kept->size(), otherwise);
    return otherwise;
  }

  void keep_api_port(storage::StorageThread& storage, std::uint16_t found) const {
    if (!config_.api_port_is_default) return;
    storage.run([found](storage::Vault& vault) {
      // Whoever has the kept one today may be gone tomorrow; apps and bookmarks know that one.
      const auto before = vault.setting(kApiPortSetting);
      if (before && *before) return;
      if (const Status kept = vault.set_setting(kApiPortSetting, std::to_string(found)); !kept)
        log_warning("the API port was not stored: " + kept.error().detail);
    });
  }

  Result<std::unique_ptr<Network>> open_network() {
    Network::Options options;
    options.device_name = config_.device_name;
    options.build = kBuild;
    options.sync_port = config_.sync_port;
    options.sync_port_is_default = config_.sync_port_is_default;
    options.listen_address = config_.sync_listen;
    options.static_peers = config_.discovery_peers;
    options.is_enabled = config_.sync_enabled;
    options.discovery = {config_.discovery_mode, config_.sync_interfaces};
    if (config_.sync_port_is_default) {
      LANYARD_TRY_SET(options.sync_port, kept_port(kSyncPortSetting, config_.sync_port));
    }
    LANYARD_TRY_SET(auto network, Network::open(options, *identity_, meters_));
    if (config_.sync_port_is_default) {
      LANYARD_TRY(vault_->set_setting(kSyncPortSetting, std::to_string(network->sync_port())));
    }
    return network;
  }

  const Config& config_;
  Meters meters_;
  crypto::SystemRng rng_;
  crypto::SodiumHasher hasher_;
  crypto::SodiumVerifier verifier_;
  ProcessFinder& finder_;
  std::optional<InstanceLock> lock_;
  std::optional<TemporaryPlace> temporary_;
  std::optional<crypto::Identity> identity_;
  std::optional<crypto::SpaceKeysFactory> ciphers_;
  std::unique_ptr<storage::Vault> vault_;
  std::unique_ptr<Network> network_;
  std::vector<DoorNews> doors_;
};

int report_fatal(const Error& error) {
  const Problem problem = problem_of(error);
  std::fputs(error_text("Could not start the agent", problem).c_str(), stderr);
  return problem.exit_code;
}

}  // namespace

int run_agent(const Config& config) {
  forbid_core_files();
  // A system that refuses is no reason to let data lie: the agent runs, and says so.
  static_cast<void>(confinement::keep_private());
  ProcessFinder finder;
  static_cast<void>(confinement::allow_only(confinement::CallSet::kAgent));
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of the write, not our end
  Agent agent(config, finder);
  if (const Status opened = agent.open(); !opened) return report_fatal(opened.error());
  const Status ran = agent.run();
  flush_log();
  return ran ? exit_code::kOk : report_fatal(ran.error());
}

}  // namespace lanyard::agent
