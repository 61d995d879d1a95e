#include "agent/compat/latest_times.hpp"

#include <algorithm>

#include "agent/compat/iso_time.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

/// Fields of one record, and conflicts of a space, that are looked at.
constexpr std::size_t kTimeFieldsMax = 1000;
constexpr std::size_t kConflictsMax = 10'000;

Status plan_latest(ClaimPlanner& planner, const std::string& collection, const std::string& key) {
  LANYARD_TRY_SET(const auto conflicts,
                  planner.services().reads.conflicts(
                      planner.space(), storage::RecordOf{collection, key}, kTimeFieldsMax));
  for (const storage::ReadConflict& conflict : conflicts) {
    auto latest = latest_time(conflict);
    if (!latest) continue;
    PlannedOp op;
    op.collection = collection;
    op.key = key;
    op.said.emplace_back(kUpdatedAt, planner.plan().texts.emplace_back(std::move(*latest)));
    planner.plan().ops.push_back(std::move(op));
  }
  return {};
}

}  // namespace

std::optional<std::string> latest_time(const storage::ReadConflict& conflict) {
  if (conflict.field != kUpdatedAt) return std::nullopt;
  std::optional<std::pair<std::int64_t, std::string>> out;
  for (const storage::ReadSibling& sibling : conflict.siblings) {
    const auto at = time_in(sibling.json);
    if (!at) return std::nullopt;
    out = std::max(out, std::optional(std::pair(*at, sibling.json)));
  }
  return out ? std::optional(out->second) : std::nullopt;
}

void LatestTimes::close() {
  is_closed_ = true;
  if (watch_ != 0) services_.feed.unwatch(std::exchange(watch_, 0));
}

void LatestTimes::watch() {
  services_.directory.find(queue_->space(), [self = weak_from_this()](const Result<SpaceId>& at) {
    const auto times = self.lock();
    if (!times || times->is_closed_ || !at) return;
    times->watch_ = times->services_.feed.watch(
        *at, [self](const SpaceId& id, const storage::Touched& touched) {
          if (const auto told = self.lock()) told->on_touched(id, touched);
        });
    times->look_at_all(*at);
  });
}

void LatestTimes::on_touched(const SpaceId& space, const storage::Touched& touched) {
  if (!touched.all) return look_at_all(space);
  for (const merge::RecordName& record : touched.records) {
    if (std::find(collections_.begin(), collections_.end(), record.collection) ==
        collections_.end())
      continue;
    const auto found = services_.reads.conflicts(
        space, storage::RecordOf{record.collection, record.key}, kTimeFieldsMax);
    if (found && std::any_of(found->begin(), found->end(), latest_time))
      settle(record.collection, record.key);
  }
}

void LatestTimes::look_at_all(const SpaceId& space) {
  const auto found = services_.reads.conflicts(space, {}, kConflictsMax);
  if (!found) return log_warning("conflicts were not looked through: " + found.error().detail);
  for (const storage::ReadConflict& conflict : *found) {
    const bool is_ours = std::find(collections_.begin(), collections_.end(), conflict.collection) !=
                         collections_.end();
    if (is_ours && latest_time(conflict)) settle(conflict.collection, conflict.key);
  }
}

void LatestTimes::settle(const std::string& collection, const std::string& key) {
  if (is_closed_ || !waiting_.insert({collection, key}).second) return;
  const auto work = [collection, key](ClaimPlanner& planner) {
    return plan_latest(planner, collection, key);
  };
  // No client: nobody has read it with that.
  queue_->add({"", work, [self = shared_from_this(), collection, key](const Status& done) {
                 self->waiting_.erase({collection, key});
                 if (!done) log_warning("a time was not settled: " + done.error().detail);
               }});
}

}  // namespace lanyard::agent
