#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "agent/metrics/meters.hpp"
#include "agent/network.hpp"
#include "storage/storage_thread.hpp"

/// The use cases of the agent, typed, without JSON and without sockets: what the control socket
/// offers, and what every other local door will. Everything in this folder belongs to its door's
/// thread and calls back on it.
namespace lanyard::agent {

template <class T>
using Done = std::function<void(Result<T>)>;

/// What every service stands on. `post` may be called when the services are gone: then nothing
/// happens. So a job for another thread captures values and this host's references, never a
/// service.
struct ServiceHost {
  storage::StorageThread& storage;
  Network& network;
  std::function<void(std::function<void()>)> post;  ///< to the door's thread, from any thread
  std::function<WallTime()> wall;
  /// For what lives in memory and is to end after a time.
  std::function<engine::Instant()> mono;
  /// Changes of ours are durable that no door asked StorageThread to write: told on the storage
  /// thread, to the engine and to every door.
  storage::StorageThread::Committed committed;
  /// A space was made, renamed or left: every door hears of it. From any thread.
  std::function<void(const SpaceId&)> space_changed;
  DeviceId self;
  std::string self_name;
  std::filesystem::path data_dir;
  Meters& meters;
  /// What is wrong with the agent's own doors since it started; nothing: nothing is.
  std::shared_ptr<const std::vector<Error>> door_troubles = {};
};

[[nodiscard]] inline engine::Now now_at(const ServiceHost& host) {
  return {host.mono(), host.wall()};
}

/// The same host for a door with a thread of its own.
[[nodiscard]] inline ServiceHost with_post(ServiceHost host,
                                           std::function<void(std::function<void()>)> post) {
  host.post = std::move(post);
  return host;
}

/// For whoever reads files of spaces on any thread: damage that is found stands in the status.
[[nodiscard]] inline std::function<void(const SpaceId&, const Error&)> tells_damage(
    const ServiceHost& host) {
  return [&storage = host.storage](const SpaceId& space, const Error& what) {
    storage.run([space, what](storage::Vault& vault) { vault.found_damage(space, what); });
  };
}

/// Has `job` done on the storage thread, and its answer brought back.
template <class T>
void ask_storage(const ServiceHost& host, std::function<Result<T>(storage::Vault&)> job,
                 Done<T> done) {
  host.storage.run(
      [job = std::move(job), done = std::move(done), post = host.post](storage::Vault& vault) {
        auto answer = std::make_shared<Result<T>>(job(vault));
        post([done, answer] { done(std::move(*answer)); });
      });
}

/// Has `job` done on the network thread, and its answer brought back.
template <class T>
void ask_network(const ServiceHost& host, std::function<T(Network&)> job,
                 std::function<void(T)> done) {
  host.network.post(
      [job = std::move(job), done = std::move(done), post = host.post, network = &host.network] {
        auto answer = std::make_shared<T>(job(*network));
        post([done, answer] { done(std::move(*answer)); });
      });
}

}  // namespace lanyard::agent
