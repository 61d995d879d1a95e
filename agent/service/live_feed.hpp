#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replication/types/ids.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {

/// Tells watchers which records of a space changed, whoever changed them. Belongs to the api
/// thread.
class LiveFeed {
 public:
  /// `touched.all` false: there were more; read again what matters.
  using Watcher = std::function<void(const SpaceId& space, const storage::Touched& touched)>;

  [[nodiscard]] std::uint64_t watch(const SpaceId& space, Watcher watcher);
  void unwatch(std::uint64_t watch);
  /// Who watched the one watches the other from now on, and is told to read again.
  void move(const SpaceId& from, const SpaceId& to);
  void changed(const SpaceId& space, const storage::Touched& touched);
  /// The number of the call of changed() that is being told, 0 outside of one: what a watcher reads
  /// for it is good for the others too.
  [[nodiscard]] std::uint64_t round() const { return round_; }
  /// How many watch: for whoever changes something, on any thread.
  [[nodiscard]] std::shared_ptr<const std::atomic<std::size_t>> watched() const { return count_; }

 private:
  struct Entry {
    SpaceId space;
    Watcher watcher;
  };
  std::map<std::uint64_t, Entry> watchers_;
  std::uint64_t last_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t last_round_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> count_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace lanyard::agent
