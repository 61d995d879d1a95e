#include "agent/api/live_backlog.hpp"

#include <algorithm>

namespace lanyard::agent {
namespace {

/// Changes that may go by without a cursor: well below what is told one by one to a client that
/// comes back.
constexpr std::uint64_t kUnsaidMax = 500;

}  // namespace

void LiveBacklog::begin(LiveCursor told) {
  told_ = std::move(told.told);
  begun_ = told.begun;
  steps_.clear();
  said_ = told_;
}

void LiveBacklog::add(storage::Missed missed) {
  told_ = std::move(missed.before);
  after_ = std::move(missed.after);
  names_told_.clear();
  for (storage::MissedChange& change : missed.changes) {
    Step& step = steps_.emplace_back();
    step.change = change.dot;
    step.records = std::move(change.records);
    if (begun_ && begun_->change == change.dot)
      step.done =
          static_cast<std::size_t>(std::min<std::uint64_t>(begun_->records, step.records.size()));
  }
  pass_over_done();
}

void LiveBacklog::add(const storage::Touched& touched, const std::string& collection) {
  std::set<merge::RecordName> names;
  for (const merge::RecordName& name : touched.records)
    if (collection.empty() || name.collection == collection) names.insert(name);
  steps_.push_back({std::nullopt, {names.begin(), names.end()}, 0});
  after_ = touched.applied;
  names_told_.clear();
  pass_over_done();
}

void LiveBacklog::pass_over_done() {
  for (; !steps_.empty(); steps_.pop_front()) {
    Step& step = steps_.front();
    while (step.done < step.records.size() && names_told_.contains(step.records[step.done]))
      ++step.done;
    if (step.done < step.records.size()) return;
    if (step.change) told_[step.change->log].seq = step.change->seq;
  }
  told_ = after_;
}

std::optional<LiveBacklog::Record> LiveBacklog::next() {
  if (steps_.empty()) return std::nullopt;
  Record out;
  out.name = steps_.front().records[steps_.front().done];
  names_told_.insert(out.name);
  pass_over_done();
  LiveCursor cursor{told_, std::nullopt};
  if (!steps_.empty() && steps_.front().change && steps_.front().done > 0)
    cursor.begun = {*steps_.front().change, steps_.front().done};
  out.cursor = cursor_text(cursor);
  if (steps_.empty()) said_ = told_;
  return out;
}

std::optional<std::string> LiveBacklog::overdue_cursor() {
  if (!steps_.empty() || missing_count(told_, said_) < kUnsaidMax) return std::nullopt;
  said_ = told_;
  return cursor_text({told_, std::nullopt});
}

}  // namespace lanyard::agent
