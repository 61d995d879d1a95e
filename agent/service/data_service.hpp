#pragma once

#include <vector>

#include "agent/service/live_feed.hpp"
#include "agent/service/long_reads.hpp"
#include "agent/service/space_directory.hpp"
#include "agent/service/space_reads.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::agent {

/// Reading and writing records. A write answers when it is durable.
class DataService {
 public:
  DataService(const ServiceHost& host, SpaceDirectory& directory, SpaceReads& reads,
              LongReads& long_reads, LiveFeed& feed)
      : host_(host), directory_(directory), reads_(reads), long_reads_(long_reads), feed_(feed) {}

  /// One transaction: all ops or none.
  void write(const std::string& space, storage::LocalChange wanted, Done<storage::Written> done);
  /// Several changes as one transaction: all or none. `next` is asked on the storage thread, which
  /// it holds up meanwhile; the answers are in the order of the changes.
  void write_all(const std::string& space, storage::SpaceStore::ChangeSource next,
                 const Done<std::vector<storage::Written>>& done);
  /// kNotFound where there is no record.
  void get(const std::string& space, const std::string& collection, const std::string& key,
           const Done<storage::ReadRecord>& done);
  void query(const std::string& space, const storage::RecordQuery& query,
             const Done<storage::RecordPage>& done);
  void count(const std::string& space, const storage::RecordQuery& query,
             const Done<std::uint64_t>& done);

  /// Fields of a collection that have an index here.
  void indexes(const SpaceId& space, const std::string& collection,
               const Done<std::vector<std::string>>& done);
  /// Errors as SpaceStore has it; those that there are then.
  void declare_index(const SpaceId& space, const storage::DeclaredIndex& index, bool is_wanted,
                     const Done<std::vector<std::string>>& done);

  /// Records of one collection that changed, as they are now; a view that is not shown: it was
  /// deleted. `all` false: there were more than could be named, read again what matters.
  using Watcher =
      std::function<void(const Result<std::vector<storage::ReadRecord>>& changed, bool all)>;
  /// The number to unwatch with. Only records that meet `where` at that moment, and deleted ones.
  void watch(const std::string& space, const std::string& collection, storage::Where where,
             Watcher watcher, const Done<std::uint64_t>& done);
  void unwatch(std::uint64_t watch) { feed_.unwatch(watch); }

 private:
  void list_indexes(const SpaceId& space, const std::string& collection,
                    std::function<Status(storage::SpaceStore&)> first,
                    const Done<std::vector<std::string>>& done);
  void wake_storage();
  void on_touched(const SpaceId& space, const std::string& collection, const storage::Where& where,
                  const Watcher& watcher, const storage::Touched& touched);

  const ServiceHost& host_;
  SpaceDirectory& directory_;
  SpaceReads& reads_;
  LongReads& long_reads_;
  LiveFeed& feed_;
  bool is_waking_ = false;  ///< storage, once this thread has done what it has ready
};

}  // namespace lanyard::agent
