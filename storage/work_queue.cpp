#include "storage/work_queue.hpp"

#include <algorithm>
#include <iterator>

#include "replication/types/canonical.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::storage {
namespace {

/// For what a text or value costs beside its bytes, in memory and in an op.
constexpr std::size_t kPartBytes = 16;
/// Of one transaction: a bulk import must not keep a single edit waiting for long.
constexpr std::size_t kGroupBytesMax = 4 * limits::kMiB;

std::size_t size_of(const LocalOp& op) {
  std::size_t bytes = sizeof(LocalOp) + op.collection.size() + op.key.size() + op.field.size() +
                      op.element.size() + (op.based_on ? op.based_on->size() : 0) +
                      op.conditions.size() * kPartBytes;
  for (const merge::Precondition& each : op.conditions)
    for (const std::string& version : each.versions) bytes += version.size() + kPartBytes;
  for (const auto& [name, value] : op.fields) bytes += name.size() + value.size() + kPartBytes;
  for (const std::string& name : op.names) bytes += name.size() + kPartBytes;
  return bytes;
}

/// Ops of a pack, as far as that can be told without opening payloads.
std::size_t ops_of(const oplog::Pack& pack) {
  std::size_t ops = 0;
  for (const oplog::Change& change : pack.changes) {
    const bool is_readable = change.form == oplog::PayloadForm::kPlain && change.payload.size() > 1;
    ops += is_readable ? CanonicalReader(change.payload.subspan(1)).array() : 1;
  }
  return ops;
}

}  // namespace

std::size_t size_of(const LocalChange& change) {
  std::size_t bytes = sizeof(LocalChange);
  for (const LocalOp& op : change.ops) bytes += size_of(op);
  return bytes;
}

Status WorkQueue::add(const SpaceId& space, Write write) {
  write.bytes = size_of(write.change);
  const bool fits = writes_.size() < limits::kLocalWritesWaitingMax &&
                    write_bytes_ + write.bytes <= kLocalBytesWaitingMax;
  if (!fits && !writes_.empty())
    return fail(Code::kBusy, "too many writes are waiting for the disk", "Try again shortly.");
  write_bytes_ += write.bytes;
  writes_.push_back({space, std::move(write)});
  return {};
}

void WorkQueue::add(const SpaceId& space, Merge merge) {
  others_.emplace_back(WaitingMerge{space, std::move(merge)});
}

void WorkQueue::add(Job job) { others_.emplace_back(std::move(job)); }

WorkQueue::Work WorkQueue::next() {
  LANYARD_CHECK(!is_empty(), "there is work to be taken");
  const bool others_turn = !others_.empty() && groups_in_a_row_ >= kGroupsBeforeOthers;
  if (has_writes() && !others_turn) {
    groups_in_a_row_ = others_.empty() ? 0 : groups_in_a_row_ + 1;
    return next_group();
  }
  groups_in_a_row_ = 0;
  if (std::holds_alternative<WaitingMerge>(others_.front())) return next_batch();
  Job job = std::move(std::get<Job>(others_.front()));
  others_.pop_front();
  return job;
}

std::deque<WorkQueue::WaitingWrite>::const_iterator WorkQueue::first_write() const {
  return std::find_if(writes_.begin(), writes_.end(),
                      [this](const WaitingWrite& each) { return !held_.contains(each.space); });
}

bool WorkQueue::has_writes() const { return first_write() != writes_.end(); }

WorkQueue::WriteGroup WorkQueue::next_group() {
  WriteGroup group{first_write()->space, {}};
  std::size_t bytes = 0;
  bool is_full = false;
  std::deque<WaitingWrite> left;
  for (WaitingWrite& each : writes_) {
    if (each.space == group.space && !is_full) {
      is_full = !group.writes.empty() && bytes + each.write.bytes > kGroupBytesMax;
      if (!is_full) {
        bytes += each.write.bytes;
        group.writes.push_back(std::move(each.write));
        continue;
      }
    }
    left.push_back(std::move(each));
  }
  writes_ = std::move(left);
  write_bytes_ -= bytes;
  return group;
}

WorkQueue::MergeBatch WorkQueue::next_batch() {
  MergeBatch batch{std::get<WaitingMerge>(others_.front()).space, {}};
  std::size_t ops = 0;
  std::size_t bytes = 0;
  while (!others_.empty()) {
    auto* waiting = std::get_if<WaitingMerge>(&others_.front());
    if (waiting == nullptr || waiting->space != batch.space) break;
    ops += ops_of(waiting->merge.accepted->pack);
    bytes += waiting->merge.accepted->pack.payload_bytes();
    const bool fits = ops <= limits::kMergeBatchOps && bytes <= limits::kMergeBatchBytes;
    if (!batch.merges.empty() && (!fits || has_writes())) break;
    batch.merges.push_back(std::move(waiting->merge));
    others_.pop_front();
  }
  return batch;
}

void WorkQueue::put_back(MergeBatch rest) {
  for (auto each = rest.merges.rbegin(); each != rest.merges.rend(); ++each)
    others_.emplace_front(WaitingMerge{rest.space, std::move(*each)});
}

std::vector<WorkQueue::Merge> WorkQueue::take_merges(const SpaceId& space) {
  std::vector<Merge> taken;
  std::deque<std::variant<WaitingMerge, Job>> left;
  for (auto& each : others_) {
    auto* waiting = std::get_if<WaitingMerge>(&each);
    if (waiting != nullptr && waiting->space == space) {
      taken.push_back(std::move(waiting->merge));
    } else {
      left.push_back(std::move(each));
    }
  }
  others_ = std::move(left);
  return taken;
}

}  // namespace lanyard::storage
