// A member with real keys opens logs without end, each with a record in it.
#include "tests/support/log_maker.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

/// The others take what one device does: logs without end.
void open_logs(Device& device, Device& target, std::size_t count) {
  const SpaceState state = device.store().state();
  const auto cipher = device.ports().ciphers.make();
  const EpochId epoch = state.grants.back().first;
  must(cipher->take_grant(epoch, state.grants.back().second));
  support::LogMaker maker(
      device.space(), epoch, state.log.clock(),
      {device.ports().signer, device.ports().hasher, *cipher, device.ports().rng});
  for (const Bytes& pack : maker.make(count)) must(target.take({pack}));
}

}  // namespace

TEST_CASE("others write and sync beside a member that opens more logs than a context holds") {
  constexpr std::size_t kLogs = limits::kContextEntriesMax + 2000;
  Group group(3);
  Device& ada = group[0];
  Device& pi = group[1];
  group.sync();
  ada.write(put("a", {{"n", 0}}));
  pi.pull(ada);
  open_logs(group[2], ada, kLogs);
  CHECK(ada.clock().size() >= kLogs);
  for (int i = 1; i <= 3; ++i) {
    ada.write(put("a", {{"n", 10 * i}}));
    pi.pull(ada);
    pi.write(put("a", {{"n", 10 * i + 1}}));
    ada.pull(pi);
  }
  CHECK(ada.state_hash() == pi.state_hash());
  CHECK(rows_of(ada.file(), "SELECT count(*) FROM lanyard_conflicts")[0][0] == 0);
  CHECK(must(ada.store().without_effect()).empty());
  for (Device* device : {&ada, &pi}) {
    CHECK(device->check().differences.empty());
    device->open();
    device->write(put("b", {{"n", 1}}));
  }
}

TEST_CASE("whoever is admitted to a space of more logs than a context holds can write in it") {
  Group group(2);
  Device& ada = group[0];
  group.sync();
  open_logs(group[1], ada, limits::kContextEntriesMax + 2000);
  Device late("late", group.folder() / "late.db", ada.space());
  must(ada.store().admit(late.id(), ada.wall));
  late.open();
  late.pull(ada);
  late.write(put("a", {{"n", 1}}));
  ada.pull(late);
  CHECK(ada.state_hash() == late.state_hash());
}

TEST_CASE("a file that has contexts as blobs is read, and has them as rows once it is written") {
  Group group(5);
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      // More than fits into a byte of a blob, of some.
      for (std::size_t n = 0; n < 1 + 100 * i; ++n)
        group[i].write(put("r" + std::to_string(n), {{"n", n}}));
      group[(i + 2) % 5].pull(group[i]);
    }
  }
  group.sync();
  for (std::size_t i = 0; i < group.size(); ++i) group[i].write(patch("last", {{"n", i}}));
  group.sync();
  Device& a = group[0];
  const std::string sql = "SELECT * FROM lanyard_contexts ORDER BY log, other";
  const json rows = rows_of(a.file(), sql);
  CHECK(rows.size() == 20);
  a.close();
  make_version_5(a.file());
  CHECK(a.check().differences.empty());
  SpaceStore::Options reading;
  reading.read_only = true;
  a.open(reading);
  a.close();
  CHECK(rows_of(a.file(), "PRAGMA user_version")[0][0] == 5);
  a.open();
  CHECK(rows_of(a.file(), sql) == rows);
  CHECK(a.check().differences.empty());
  a.write(put("r1", {{"n", "mine"}}));
  group[1].pull(a);
  CHECK(a.state_hash() == group[1].state_hash());
}

}  // namespace lanyard::storage
