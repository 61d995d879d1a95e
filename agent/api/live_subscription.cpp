#include "agent/api/live_subscription.hpp"

#include <limits>
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
/// A snapshot's frame ends with the record that passes this: libraries of clients refuse messages
/// beyond 1 MiB unless they are told to take them.
constexpr std::size_t kFrameBytes = limits::kMiB / 2;

}  // namespace

void LiveSubscription::start() {
  watch_ =
      room_.feed.watch(wish_.space, [this](const SpaceId& space, const storage::Touched& touched) {
        const auto self = shared_from_this();  // whoever is told may end us
        on_touched(space, touched);
      });
  if (!wish_.cursor) return begin_snapshot(false);
  backlog_.begin(*wish_.cursor);
  state_ = State::kBehind;
  go_on();
}

void LiveSubscription::end() {
  if (watch_ != 0) room_.feed.unwatch(std::exchange(watch_, 0));
  state_ = State::kEnded;
}

void LiveSubscription::fail(const Error& error) {
  line_->send(error_frame(wish_.id, error));
  end();
}

bool LiveSubscription::is_full() const { return line_->is_full(); }

void LiveSubscription::on_drained() {
  if (!may_hear_()) return;
  if (state_ == State::kSnapshot) return next_page();
  go_on();
}

// ---- changes

void LiveSubscription::on_touched(const SpaceId& space, const storage::Touched& touched) {
  if (!may_hear_()) return;
  if (space != wish_.space) {
    // What was this space is a part of another one now, whose logs are others.
    wish_.space = space;
    return begin_snapshot(true);
  }
  if (state_ == State::kSnapshot) return tell_beside(touched);
  if (state_ != State::kLive) return;
  if (touched.all && backlog_.is_empty()) {
    backlog_.add(touched, wish_.collection);
  } else {
    state_ = State::kBehind;
  }
  go_on();
}

/// Tells as much as the client takes. on_drained() comes back for the rest.
void LiveSubscription::go_on() {
  if (state_ != State::kLive && state_ != State::kBehind) return;
  tell_backlog();
  if (is_full() || !backlog_.is_empty()) return;
  if (state_ == State::kBehind) return catch_up();
  if (state_ != State::kLive) return;
  was_level_ = true;
  if (const auto cursor = backlog_.overdue_cursor())
    line_->send(begin_frame("cursor", wish_.id, *cursor).end_object().take());
}

void LiveSubscription::tell_backlog() {
  while (!is_full()) {
    const auto record = backlog_.next();
    if (!record || !tell(record->name, record->cursor)) return;
  }
}

/// A change while everything is being told. Who comes again with a cursor is told nothing of a
/// snapshot: there is none before its end.
void LiveSubscription::tell_beside(const storage::Touched& touched) {
  has_missed_ = has_missed_ || !touched.all;
  if (!touched.all) return;
  std::set<merge::RecordName> names;
  for (const merge::RecordName& each : touched.records)
    if (wish_.collection.empty() || each.collection == wish_.collection) names.insert(each);
  for (const merge::RecordName& name : names) {
    has_missed_ = has_missed_ || is_full();
    if (has_missed_ || !tell(name, "")) return;
  }
}

/// False: it could not be read, and the subscription is over.
bool LiveSubscription::tell(const merge::RecordName& name, const std::string& cursor) {
  auto record = room_.round_reads.get(wish_.space, name.collection, name.key);
  if (!record) {
    fail(record.error());
    return false;
  }
  record->collection = name.collection;
  record->key = name.key;
  // One that does not meet the conditions any more is told of as if it were gone.
  if (is_shown(*record) && !wish_.where.is_met_by(record->json, record->key)) record->json.clear();
  line_->send(change_frame(wish_.id, cursor, *record));
  return true;
}

// ---- what went by

void LiveSubscription::catch_up() {
  state_ = State::kAsking;
  storage::MissedRequest request;
  request.held = backlog_.told();
  request.collection = wish_.collection;
  request.changes_max = was_level_ ? kMissedMax : std::numeric_limits<std::uint64_t>::max();
  ask_storage<storage::Missed>(
      room_.host,
      [space = wish_.space, request](storage::Vault& vault) -> Result<storage::Missed> {
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(space));
        return store->missed_since(request);
      },
      [self = weak_from_this()](Result<storage::Missed> missed) {
        if (const auto subscription = self.lock()) subscription->on_missed(std::move(missed));
      });
}

void LiveSubscription::on_missed(Result<storage::Missed> missed) {
  if (state_ != State::kAsking || !may_hear_()) return;
  if (!missed) return fail(missed.error());
  if (!missed->all) return begin_snapshot(true);
  state_ = missed->more ? State::kBehind : State::kLive;
  backlog_.add(std::move(*missed));
  go_on();
}

// ---- everything

void LiveSubscription::begin_snapshot(bool is_resync) {
  // Changes that come while the pages are told are told beside them; one that is in neither comes
  // after this clock.
  auto applied = room_.reads.clock(wish_.space);
  if (!applied) return fail(applied.error());
  at_start_ = std::move(*applied);
  collections_ = {wish_.collection};
  if (wish_.collection.empty()) {
    const auto numbers = room_.reads.numbers(wish_.space);
    if (!numbers) return fail(numbers.error());
    collections_.clear();
    for (const storage::CollectionCount& each : numbers->collections)
      collections_.push_back(each.name);
  }
  page_.clear();
  backlog_.begin({});
  has_missed_ = false;
  was_level_ = false;
  state_ = State::kSnapshot;
  if (is_resync) line_->send(begin_frame("resync", wish_.id, "").end_object().take());
  next_page();
}

Result<storage::RecordPage> LiveSubscription::read_page() {
  if (collections_.empty()) return storage::RecordPage{};
  storage::RecordQuery query;
  query.collection = collections_.back();
  query.where = wish_.where;
  query.limit = kPageRecords;
  query.cursor = page_;
  return room_.reads.query(wish_.space, query);
}

void LiveSubscription::next_page() {
  if (is_full()) return;
  const auto page = read_page();
  if (!page) return fail(page.error());
  const bool has_more = !page->cursor.empty() || collections_.size() > 1;
  tell_page(*page, has_more);
  page_ = page->cursor;
  if (page_.empty() && !collections_.empty()) collections_.pop_back();
  if (has_more) return;
  backlog_.begin({std::move(at_start_), std::nullopt});
  state_ = has_missed_ ? State::kBehind : State::kLive;
  go_on();
}

void LiveSubscription::tell_page(const storage::RecordPage& page, bool has_more) {
  std::size_t next = 0;
  do {
    std::size_t bytes = 0;
    JsonWriter records;
    records.begin_array();
    while (next < page.records.size() && bytes < kFrameBytes) {
      const storage::ReadRecord& record = page.records[next++];
      records.begin_object().member("collection", utf8_or_escaped(collections_.back()));
      records.name("record");
      write_record(record, records);
      records.end_object();
      bytes += record.json.size();
    }
    const bool is_last = !has_more && next == page.records.size();
    JsonWriter out =
        begin_frame("snapshot", wish_.id, is_last ? cursor_text({at_start_, std::nullopt}) : "");
    out.name("records").raw(records.end_array().take());
    line_->send(out.member("more", !is_last).end_object().take());
  } while (next < page.records.size());
}

}  // namespace lanyard::agent
