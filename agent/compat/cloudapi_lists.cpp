#include <algorithm>

#include "agent/access/elapsed.hpp"
#include "agent/compat/cloudapi.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/logging.hpp"

/// Lists of CloudAPI's rows, whole or since a time.
namespace lanyard::agent {
namespace {

/// A client's clock is this device's, but what it takes for the time of an answer may be the time
/// when it asked, or when it was done with what came.
constexpr std::int64_t kPullMarginMs = 60'000;
/// A client that missed more is told everything again, as on /v1/live.
constexpr std::uint64_t kPulledMax = 2000;

/// Rows in a list's order: by time, then by id.
void sort_rows(std::vector<CloudRecord>& rows, const CloudList& wanted) {
  const auto time_of = [&](const CloudRecord& row) -> std::int64_t {
    for (const JsonMember& member : row.members)
      if (member.name == wanted.time) return json_integer(member.value).value_or(0);
    return 0;
  };
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const std::int64_t time = time_of(rows[at]);
    order.emplace_back(wanted.is_newest_first ? -time : time, at);
  }
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    return std::tie(a.first, rows[a.second].record.key) <
           std::tie(b.first, rows[b.second].record.key);
  });
  std::vector<CloudRecord> sorted;
  sorted.reserve(rows.size());
  for (const auto& [time, at] : order) sorted.push_back(std::move(rows[at]));
  rows = std::move(sorted);
}

/// How long a list leaves out what its client wanted to delete and was refused. The client hides
/// it, tries again at each sync just before it asks for the list, and fails at an id that it has
/// hidden.
constexpr std::chrono::minutes kRefusedTime{1};

/// Whether the list shows it. Deletes are told by sync events alone: the original's client takes
/// each row of a list for one that is there.
bool belongs(const CloudRecord& row, const CloudList& wanted) {
  return row.is_shown() && row.text_of(wanted.field) == wanted.value;
}

}  // namespace

Result<std::string> Cloudapi::wanted_user(const CloudCall& call) {
  const auto user = call.user_id && !call.user_id->empty() ? call.user_id : call.user;
  if (!user) return fail(Code::kUsage, "userId is required");
  if (call.user && user != call.user) return fail(Code::kNotFound, "the token is another user's");
  return *user;
}

void Cloudapi::list_chats(const CloudCall& call, const ApiReply& reply) {
  const auto user = wanted_user(call);
  if (!user) return reply.send(compat_error(user.error()));
  list(call, {kCloudChats, "userId", *user, kUpdatedAt, true}, reply);
}

void Cloudapi::list_messages(const CloudCall& call, const ApiReply& reply) {
  if (!call.chat_id || call.chat_id->empty())
    return reply.send(compat_error(400, "chatId is required"));
  in_space(reply, [self = shared_from_this(), call, reply](const SpaceId& space) {
    const auto look = [&]() -> Status {
      LANYARD_TRY_SET(const CloudRecord chat, self->read(space, kCloudChats, *call.chat_id));
      return call.user ? self->check_own(space, call, chat) : Status();
    };
    if (const Status may = look(); !may) return reply.send(compat_error(may.error()));
    self->list(call, {kCloudMessages, "chatId", *call.chat_id, "createdAt"}, reply);
  });
}

void Cloudapi::list(const CloudCall& call, CloudList wanted, const ApiReply& reply) {
  const auto since = read_since(call.since);
  if (!since) return reply.send(compat_error(since.error()));
  in_space(reply, [self = shared_from_this(), call, wanted = std::move(wanted), since = *since,
                   reply](const SpaceId& space) {
    // Before anything is read: what comes meanwhile is told of twice, not never.
    const auto clock = self->services_.reads.clock(space);
    if (!clock) return reply.send(compat_error(clock.error()));
    const auto answer = [self, call, wanted, space, clock = *clock,
                         at_ms = self->services_.host.wall().ms,
                         reply](const std::optional<Names>& touched) {
      auto rows =
          touched ? self->rows_of(space, wanted.collection, keys_in(*touched, wanted.collection))
                  : self->all_rows(space, wanted, false);
      if (!rows) return reply.send(compat_error(rows.error()));
      self->note_pull(space, call, at_ms, clock);
      self->send_rows(space, call, wanted, std::move(*rows), reply);
    };
    if (!since) return answer(std::nullopt);
    self->with_touched(space, call, *since, answer);
  });
}

void Cloudapi::with_touched(const SpaceId& space, const CloudCall& call, std::int64_t since_ms,
                            const WithTouched& go) {
  // A time to come is none of this device's clock: milliseconds, or a clock that was set back.
  const auto before = since_ms > services_.host.wall().ms
                          ? std::optional<VectorClock>()
                          : room_.store.pull_before(call.client, space, since_ms - kPullMarginMs)
                                .value_or(std::nullopt);
  if (!before) return go(std::nullopt);
  ask_storage<storage::Touched>(
      services_.host,
      [space, held = *before](storage::Vault& vault) -> Result<storage::Touched> {
        LANYARD_TRY_SET(storage::SpaceStore* const store, vault.space(space));
        return store->touched_since(held, kPulledMax);
      },
      [go](const Result<storage::Touched>& touched) {
        go(touched && touched->all ? std::optional(touched->records) : std::nullopt);
      });
}

Cloudapi::Keys Cloudapi::keys_in(const Names& touched, std::string_view collection) {
  Keys out;
  for (const merge::RecordName& each : touched)
    if (each.collection == collection) out.push_back(each.key);
  return out;
}

Result<std::vector<CloudRecord>> Cloudapi::rows_of(const SpaceId& space,
                                                   const std::string& collection,
                                                   const Keys& keys) {
  std::vector<CloudRecord> out;
  for (const std::string& key : keys) {
    LANYARD_TRY_SET(CloudRecord row, read(space, collection, key));
    out.push_back(std::move(row));
  }
  return out;
}

Result<std::vector<CloudRecord>> Cloudapi::all_rows(const SpaceId& space, const CloudList& wanted,
                                                    bool deleted) {
  std::vector<CloudRecord> out;
  storage::RecordQuery query;
  query.collection = wanted.collection;
  query.where = {
      {std::string(wanted.field), storage::Comparison::kEqual, {text_value(wanted.value)}}};
  LANYARD_TRY(services_.reads.for_each(space, query, [&](storage::ReadRecord&& record) -> Status {
    CloudRecord& row = out.emplace_back();
    row.record = std::move(record);
    row.record.collection = wanted.collection;
    row.was_there = true;
    return row.take(row.record.json);
  }));
  if (!deleted) return out;
  LANYARD_TRY_SET(const auto keys, services_.reads.deleted(space, wanted.collection));
  LANYARD_TRY_SET(auto gone, rows_of(space, wanted.collection, keys));
  std::move(gone.begin(), gone.end(), std::back_inserter(out));
  return out;
}

void Cloudapi::send_rows(const SpaceId& space, const CloudCall& call, const CloudList& wanted,
                         std::vector<CloudRecord> rows, const ApiReply& reply) {
  std::erase_if(rows, [&](const CloudRecord& row) {
    return !belongs(row, wanted) || was_refused(call.client, row.record);
  });
  sort_rows(rows, wanted);
  std::string out = "[";
  for (const CloudRecord& row : rows) {
    const auto text = row_text(space, row);
    if (!text) return reply.send(compat_error(text.error()));
    if (out.size() > 1) out += ',';
    out += *text;
  }
  note_given(space, call, rows);
  reply.json(out + "]");
}

void Cloudapi::note_refused(const std::string& client, const std::string& collection,
                            const std::string& key) {
  const engine::Instant now = services_.host.mono();
  std::erase_if(refused_,
                [&](const auto& each) { return has_passed(each.second, now, kRefusedTime); });
  refused_[{client, collection, key}] = now;
}

bool Cloudapi::was_refused(const std::string& client, const storage::ReadRecord& record) const {
  const auto found = refused_.find({client, record.collection, record.key});
  return found != refused_.end() && !has_passed(found->second, services_.host.mono(), kRefusedTime);
}

void Cloudapi::note_pull(const SpaceId& space, const CloudCall& call, std::int64_t at_ms,
                         const VectorClock& clock) {
  const Status noted = room_.store.note_pull(call.client, space, at_ms, clock);
  if (!noted) log_warning("that a client was answered was not noted: " + noted.error().detail);
}

}  // namespace lanyard::agent
