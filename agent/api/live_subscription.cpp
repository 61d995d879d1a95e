#include "agent/api/live_subscription.hpp"

#include <algorithm>
#include <set>

#include "agent/api/live_cursor.hpp"
#include "agent/api/live_frames.hpp"
#include "agent/json/json_views.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// A client that missed more is told everything again: looking through so many changes takes the
/// writer some 20 ms.
constexpr std::uint64_t kMissedMax = 2000;
constexpr std::size_t kPageRecords = 200;

}  // namespace

void LiveSubscription::start() {
  watch_ =
      room_.feed.watch(wish_.space, [this](const SpaceId& space, const storage::Touched& touched) {
        const auto self = shared_from_this();  // whoever is told may end us
        on_touched(space, touched);
      });
  if (!wish_.cursor) return begin_snapshot(false);
  seen_ = *wish_.cursor;
  state_ = State::kBehind;
  catch_up();
}

void LiveSubscription::end() {
  if (watch_ != 0) room_.feed.unwatch(std::exchange(watch_, 0));
  state_ = State::kEnded;
}

void LiveSubscription::fail(const Error& error) {
  line_->send(error_frame(wish_.id, error));
  end();
}

bool LiveSubscription::is_full() const { return line_->waiting_bytes() > limits::kSocketQueueFull; }

void LiveSubscription::on_drained() {
  if (state_ == State::kBehind) return catch_up();
  if (state_ == State::kSnapshot) next_page();
}

// ---- changes

void LiveSubscription::on_touched(const SpaceId& space, const storage::Touched& touched) {
  if (space != wish_.space) {
    // What was this space is a part of another one now, whose logs are others.
    wish_.space = space;
    return begin_snapshot(true);
  }
  if (state_ != State::kLive && state_ != State::kSnapshot) return;
  if (touched.all && !is_full()) return tell(touched);
  if (state_ == State::kSnapshot) {
    has_missed_ = true;  // asked for once the snapshot is told
    return;
  }
  state_ = State::kBehind;
  if (!is_full()) catch_up();
}

void LiveSubscription::tell(const storage::Touched& touched) {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const auto& each : touched.records)
    if (wish_.collection.empty() || each.collection == wish_.collection)
      names.emplace(each.collection, each.key);
  // Who comes again with a cursor is told nothing of a snapshot: there is none before its end.
  const bool is_live = state_ == State::kLive;
  if (is_live) seen_ = touched.applied;
  const std::string cursor = names.empty() || !is_live ? std::string() : cursor_text(seen_);
  for (const auto& [collection, key] : names) {
    auto record = room_.round_reads.get(wish_.space, std::string(collection), std::string(key));
    if (!record) return fail(record.error());
    record->collection = collection;
    record->key = key;
    // One that does not meet the conditions any more is told of as if it were gone.
    if (is_shown(*record) && !wish_.where.is_met_by(record->json, record->key))
      record->json.clear();
    line_->send(change_frame(wish_.id, cursor, *record));
  }
}

// ---- what went by

void LiveSubscription::catch_up() {
  state_ = State::kAsking;
  ask_storage<storage::Touched>(
      room_.host,
      [space = wish_.space, seen = seen_](storage::Vault& vault) -> Result<storage::Touched> {
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(space));
        return store->touched_since(seen, kMissedMax);
      },
      [self = weak_from_this()](const Result<storage::Touched>& missed) {
        if (const auto subscription = self.lock()) subscription->on_missed(missed);
      });
}

void LiveSubscription::on_missed(const Result<storage::Touched>& missed) {
  if (state_ != State::kAsking) return;
  if (!missed) return fail(missed.error());
  if (!missed->all) return begin_snapshot(true);
  state_ = State::kLive;
  tell(*missed);
}

// ---- everything

void LiveSubscription::begin_snapshot(bool is_resync) {
  // Changes that come while the pages are told are told beside them; one that is in neither comes
  // after this clock.
  auto applied = room_.reads.clock(wish_.space);
  if (!applied) return fail(applied.error());
  seen_ = std::move(*applied);
  collections_ = {wish_.collection};
  if (wish_.collection.empty()) {
    const auto numbers = room_.reads.numbers(wish_.space);
    if (!numbers) return fail(numbers.error());
    collections_.clear();
    for (const storage::CollectionCount& each : numbers->collections)
      collections_.push_back(each.name);
  }
  page_.clear();
  has_missed_ = false;
  state_ = State::kSnapshot;
  if (is_resync) line_->send(begin_frame("resync", wish_.id, "").end_object().take());
  next_page();
}

void LiveSubscription::next_page() {
  storage::RecordPage page;
  if (!collections_.empty()) {
    storage::RecordQuery query;
    query.collection = collections_.back();
    query.where = wish_.where;
    query.limit = kPageRecords;
    query.cursor = page_;
    auto read = room_.reads.query(wish_.space, query);
    if (!read) return fail(read.error());
    page = std::move(*read);
  }
  const bool has_more = !page.cursor.empty() || collections_.size() > 1;
  JsonWriter out = begin_frame("snapshot", wish_.id, has_more ? "" : cursor_text(seen_));
  out.name("records").begin_array();
  for (const storage::ReadRecord& record : page.records) {
    out.begin_object().member("collection", utf8_or_escaped(collections_.back()));
    out.name("record");
    write_record(record, out);
    out.end_object();
  }
  out.end_array();
  page_ = page.cursor;
  if (page_.empty() && !collections_.empty()) collections_.pop_back();
  line_->send(out.member("more", has_more).end_object().take());
  if (has_more) return;
  state_ = has_missed_ ? State::kBehind : State::kLive;
  if (has_missed_) catch_up();
}

}  // namespace lanyard::agent
