// Logs without end, contexts as large as they may be, members without end, and forks.
#include "tests/integration/hostile_changes/forge.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Op;
using oplog::OpKind;

Ops small_put(Forge& forge, std::string_view key) {
  Op op = op_of(OpKind::kPut, "notes", key);
  const Bytes value = integer_value(static_cast<std::int64_t>(forge.chance.natural()));
  op.fields.push_back({"n", value, false});
  Ops ops;
  ops.add(op);
  return ops;
}

/// Logs with a record each: one each, or the same for all.
void logs(Forge& forge) {
  const bool same = forge.chance.one_in(3);
  for (std::size_t left = forge.many(500); left > 0; --left) {
    oplog::LogWriter& log = forge.open_log();
    const std::string key = same ? "of all logs" : "of log " + std::to_string(forge.count_logs());
    forge.write(log, small_put(forge, key));
  }
}

/// Logs that are opened and have nothing in them; some name all that came before.
void empty_logs(Forge& forge) {
  for (std::size_t left = forge.many(300); left > 0; --left)
    forge.open_log(forge.chance.one_in(50) ? forge.heads(limits::kContextEntriesMax, forge.main())
                                           : Forge::Context());
}

/// Changes that name as many logs as they may, or as there are; again and again.
void large_contexts(Forge& forge) {
  while (forge.count_logs() < 300) forge.open_log();
  for (std::size_t left = forge.many(12); left > 0; --left) {
    oplog::LogWriter& log = forge.chance.one_in(3) ? forge.open_log() : forge.main();
    const std::size_t count = limits::kContextEntriesMax - forge.chance.below(2);
    forge.write(log, small_put(forge, "wide"), forge.heads(count, log));
  }
}

/// Admits: many in a change, as many as count and more, of one device again and again.
void admits(Forge& forge) {
  std::deque<Bytes> keys;
  const auto admit = [&](const DeviceId& whom) {
    oplog::Admit out;
    out.device = whom;
    // What the key is sealed to is nobody's business but the device's.
    for (std::size_t grants = forge.chance.below(3); grants > 0; --grants)
      out.grants.push_back(
          {forge.chance.fixed<EpochId>(), keys.emplace_back(forge.chance.bytes(80))});
    std::sort(out.grants.begin(), out.grants.end(),
              [](const auto& left, const auto& right) { return left.epoch < right.epoch; });
    return out;
  };
  for (std::size_t left = forge.many(2); left > 0; --left) {
    const std::size_t count = limits::kOpenOpsMax - forge.chance.below(2);
    std::vector<oplog::OpenOp> ops;
    while (ops.size() < count) ops.emplace_back(admit(forge.chance.fixed<DeviceId>()));
    forge.admit(forge.main(), ops, ops.size());
  }
  std::vector<oplog::OpenOp> beyond;
  while (beyond.size() < limits::kOpenOpsMax * 20)
    beyond.emplace_back(admit(forge.chance.fixed<DeviceId>()));
  forge.admit(forge.main(), beyond, 0);
  const oplog::Device again(forge.chance.next());
  for (std::size_t left = forge.many(100); left > 0; --left)
    forge.admit(forge.main(), {admit(again.id())}, 1);
}

// ---- forks

void forks(Forge& forge) {
  for (std::size_t left = forge.many(3); left > 0; --left)
    forge.fork(1 + forge.chance.below(20), 1 + forge.chance.below(20), forge.chance.below(3000));
}

/// Branches that are longer than what is kept of them.
void long_forks(Forge& forge) { forge.fork(4 + forge.chance.below(6), 1, 200 * limits::kKiB); }

/// What is written beside forks, and names logs that have two branches.
void beside_forks(Forge& forge) {
  for (std::size_t left = forge.many(50); left > 0; --left)
    forge.write(forge.main(), small_put(forge, "beside"),
                forge.chance.one_in(4) ? forge.heads(40, forge.main()) : Forge::Context());
}

}  // namespace

std::vector<Maker> makers_of_logs() {
  return {{"logs with a record", logs},
          {"empty logs", empty_logs},
          {"contexts at the limit", large_contexts},
          {"admits", admits}};
}

std::vector<Maker> makers_of_forks() {
  return {{"forks", forks}, {"long forks", long_forks}, {"beside forks", beside_forks}};
}

}  // namespace lanyard::hostile
