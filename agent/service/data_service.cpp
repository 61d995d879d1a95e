#include "agent/service/data_service.hpp"

#include <algorithm>

#include "agent/clock.hpp"

namespace lanyard::agent {
using storage::LocalChange;
using storage::Written;

namespace {

/// A write from its door to the storage thread and back, in one piece of memory: what is copied
/// from thread to thread instead costs every write.
struct Write {
  LocalChange change;
  Done<Written> done;
  std::function<void(std::function<void()>)> post;
  Meters& meters;
  Stopwatch watch = {};
  Result<Written> written = {};
};

}  // namespace

void DataService::write(const std::string& space, LocalChange wanted, Done<Written> done) {
  const auto write =
      std::make_shared<Write>(Write{std::move(wanted), std::move(done), host_.post, host_.meters});
  directory_.find(space, [this, write](const Result<SpaceId>& found) {
    if (!found) return write->done(fail(found.error()));
    const Status queued =
        host_.storage.hand_over(*found, std::move(write->change), [write](Result<Written> written) {
          write->meters.write_time.observe(write->watch.took());
          write->written = std::move(written);
          write->post([write] { write->done(std::move(write->written)); });
        });
    if (!queued) return write->done(fail(queued.error()));
    wake_storage();
  });
}

/// Behind all that this thread has ready now: the writes among it become one group, with one sync.
void DataService::wake_storage() {
  if (std::exchange(is_waking_, true)) return;
  host_.post([this] {
    is_waking_ = false;
    host_.storage.wake();
  });
}

void DataService::write_all(const std::string& space, storage::SpaceStore::ChangeSource next,
                            const Done<std::vector<Written>>& done) {
  const Stopwatch watch;
  directory_.find(space, [this, next = std::move(next), watch, done](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    ask_storage<std::vector<Written>>(
        host_,
        [space = *found, next, watch, wall = host_.wall, meters = &host_.meters,
         committed = host_.committed](storage::Vault& vault) -> Result<std::vector<Written>> {
          const SpaceId id = vault.stands_for(space);
          LANYARD_TRY(vault.room_to_write());
          LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space_to_write(id));
          LANYARD_TRY_SET(storage::WriteOutcome written, store->write_all(next, wall()));
          meters->write_time.observe(watch.took());
          std::vector<Written> out;
          for (auto& answer : written.answers) out.push_back(std::move(*answer));
          written.answers.clear();
          if (!written.runs.empty())
            committed(id, std::make_shared<const storage::WriteOutcome>(std::move(written)));
          return out;
        },
        done);
  });
}

void DataService::get(const std::string& space, const std::string& collection,
                      const std::string& key, const Done<storage::ReadRecord>& done) {
  directory_.find(space, [=, this](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    auto record = reads_.get(*found, collection, key);
    if (record && !is_shown(*record))
      return done(fail(Code::kNotFound, "there is no record \"" + key + "\" in " + collection,
                       "See  lanyard data query " + space + " " + collection));
    done(std::move(record));
  });
}

void DataService::query(const std::string& space, const storage::RecordQuery& query,
                        const Done<storage::RecordPage>& done) {
  directory_.find(space, [=, this](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    long_reads_.page(*found, query, done);
  });
}

void DataService::count(const std::string& space, const storage::RecordQuery& query,
                        const Done<std::uint64_t>& done) {
  directory_.find(space, [=, this](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    long_reads_.count(*found, query, done);
  });
}

void DataService::list_indexes(const SpaceId& space, const std::string& collection,
                               std::function<Status(storage::SpaceStore&)> first,
                               const Done<std::vector<std::string>>& done) {
  // An old file is brought up to date when the one writer opens it.
  ask_storage<bool>(
      host_,
      [space, first = std::move(first)](storage::Vault& vault) -> Result<bool> {
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(space));
        LANYARD_TRY(first(*store));
        return true;
      },
      [this, space, collection, done](const Result<bool>& ready) {
        if (!ready) return done(fail(ready.error()));
        const auto all = reads_.indexes(space);
        if (!all) return done(fail(all.error()));
        std::vector<std::string> out;
        for (const storage::DeclaredIndex& each : *all)
          if (each.collection == collection) out.push_back(each.field);
        done(std::move(out));
      });
}

void DataService::indexes(const SpaceId& space, const std::string& collection,
                          const Done<std::vector<std::string>>& done) {
  list_indexes(
      space, collection, [](storage::SpaceStore&) { return Status(); }, done);
}

void DataService::declare_index(const SpaceId& space, const storage::DeclaredIndex& index,
                                bool is_wanted, const Done<std::vector<std::string>>& done) {
  list_indexes(
      space, index.collection,
      [index, is_wanted](storage::SpaceStore& store) {
        return store.declare_index(index, is_wanted);
      },
      done);
}

void DataService::watch(const std::string& space, const std::string& collection,
                        storage::Where where, Watcher watcher, const Done<std::uint64_t>& done) {
  directory_.find(space, [=, this, where = std::move(where),
                          watcher = std::move(watcher)](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    done(feed_.watch(*found, [=, this](const SpaceId& id, const storage::Touched& touched) {
      on_touched(id, collection, where, watcher, touched);
    }));
  });
}

void DataService::on_touched(const SpaceId& space, const std::string& collection,
                             const storage::Where& where, const Watcher& watcher,
                             const storage::Touched& touched) {
  std::vector<std::string> keys;
  for (const auto& record : touched.records)
    if (record.collection == collection) keys.push_back(record.key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty() && touched.all) return;
  std::vector<storage::ReadRecord> changed;
  for (const std::string& key : keys) {
    auto record = reads_.get(space, collection, key);
    if (!record) return watcher(fail(record.error()), false);
    if (!is_shown(*record) || where.is_met_by(record->json, key))
      changed.push_back(std::move(*record));
  }
  if (!changed.empty() || !touched.all) watcher(changed, touched.all);
}

}  // namespace lanyard::agent
