#include "replication/engine/live_run.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::engine {

using oplog::Change;
using oplog::ChangeKind;
using oplog::PayloadForm;

std::uint64_t cost_of(const wire::LiveRun& run) {
  constexpr std::uint64_t kPerChange = 200;
  constexpr std::uint64_t kPerEntry = 80;
  std::uint64_t cost = 0;
  for (const auto& item : run.items)
    cost += kPerChange + item.payload.size() + kPerEntry * item.context.size();
  return cost;
}

Seq last_of(const wire::LiveRun& run) { return {run.first.value + run.items.size() - 1}; }

Head head_of(const Change& change) { return {change.header.seq, change.hash}; }

wire::LiveRun make_live_run(const SpaceId& space, std::span<const Change> changes,
                            const Signature& signature) {
  wire::LiveRun run{space, changes.front().header.log, changes.front().header.seq, {}, signature};
  for (const Change& change : changes) {
    const oplog::Header& header = change.header;
    run.items.push_back({header.kind, change.form, header.timestamp, header.context, header.epoch,
                         to_bytes(change.payload), change.signature});
  }
  return run;
}

Result<Bytes> to_pack(const wire::LiveRun& run, const Hash& prev, const Cipher& cipher,
                      const Hasher& hasher) {
  if (run.items.empty() || run.items.size() > limits::kPackChangesMax)
    return fail(Code::kMalformed, "live run");
  std::vector<Change> changes;
  Bytes scratch;
  Head head{{run.first.value - 1}, prev};
  for (const auto& item : run.items) {
    Change& change = changes.emplace_back();
    change.header = {
        item.kind, run.log, head.seq.next(), head.hash, item.timestamp, item.context, item.epoch,
        {},        0};
    change.form = item.form;
    change.payload = item.payload;
    change.signature = item.signature;
    if (item.form == PayloadForm::kPlain) {
      LANYARD_TRY(oplog::hash_plain(change.header, change.payload, cipher, hasher, scratch));
    } else if (item.form == PayloadForm::kSealed && item.kind == ChangeKind::kSealed) {
      change.header.payload_hash = hasher.hash({change.payload});
      change.header.payload_size = change.payload.size();
    } else {
      return fail(Code::kMalformed, "live run");
    }
    LANYARD_TRY(oplog::check_header(change.header));
    change.hash = oplog::change_hash(change.header, hasher, scratch);
    head = head_of(change);
  }
  return oplog::write_pack(changes, {{run.log, run.signature}}, false);
}

}  // namespace lanyard::engine
