// A member admits devices without end, many in one change.
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

/// An open change of `from` that admits so many devices which nobody has, as a pack; none but the
/// last is `last`.
Bytes admitting(Device& from, std::size_t count, const DeviceId& last) {
  const SpaceState state = from.store().state();
  const auto cipher = from.ports().ciphers.make();
  oplog::AuthorState author_state;
  author_state.log = state.own_log;
  author_state.head = state.own_head;
  author_state.epoch = state.grants.back().first;
  must(cipher->take_grant(author_state.epoch, state.grants.back().second));
  const Bytes sealed = must(cipher->grant(author_state.epoch, last));
  std::vector<oplog::OpenOp> ops;
  for (std::size_t i = 0; i < count; ++i) {
    oplog::Admit admit;
    from.ports().rng.fill(admit.device.bytes);
    if (i + 1 == count) admit = {last, 1, {{author_state.epoch, sealed}}};
    ops.emplace_back(admit);
  }
  oplog::Author author(from.space(), from.ports().signer, from.ports().hasher, *cipher,
                       author_state);
  author.begin(state.log.clock(), from.wall);
  must(author.add_open(ops));
  return author.finish();
}

std::int64_t bytes_of_admissions(Device& device) {
  return rows_of(device.file(),
                 "SELECT sum(length(header) + length(payload)) FROM lanyard_admissions")[0][0];
}

}  // namespace

TEST_CASE("a change that admits 64 is stored once, and each that it admits can show it") {
  Group group(2);
  Device& a = group[0];
  group.sync();
  group[1].write(put("k", {{"n", 1}}));
  a.pull(group[1]);
  Device late("late", group.folder() / "late.db", a.space());
  const Bytes pack = admitting(group[1], limits::kOpenOpsMax, late.id());
  const std::int64_t before = bytes_of_admissions(a);
  must(a.take({pack}));
  CHECK(a.store().state().log.is_member(late.id()));
  CHECK(bytes_of_admissions(a) - before < 2 * static_cast<std::int64_t>(pack.size()));
  CHECK(a.check().differences.empty());
  a.open();
  late.open();
  late.pull(a);
  late.write(put("l", {{"n", 2}}));
  a.pull(late);
  CHECK(a.state_hash() == late.state_hash());
}

TEST_CASE("a change that admits more has no effect, and admits nobody") {
  for (const std::size_t count : {limits::kOpenOpsMax + 1, std::size_t{20'000}}) {
    Group group(3);
    Device& a = group[0];
    group.sync();
    group[1].write(put("k", {{"n", 1}}));
    a.pull(group[1]);
    Device late("late", group.folder() / "late.db", a.space());
    const std::size_t members = a.store().state().log.members().size();
    must(a.take({admitting(group[1], count, late.id())}));
    CHECK(a.store().state().log.members().size() == members);
    CHECK(must(a.store().without_effect()).size() == 1);
    CHECK(bytes_of_admissions(a) < 10'000);
    a.write(put("k", {{"n", 2}}));
    group[2].pull(a);
    CHECK(group[2].state_hash() == a.state_hash());
    CHECK(a.check().differences.empty());
  }
}

}  // namespace lanyard::storage
