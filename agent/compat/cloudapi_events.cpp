#include <algorithm>
#include <set>

#include "agent/compat/cloudapi.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/json_writer.hpp"
#include "replication/merge/version_text.hpp"

/// CloudAPI's sync events: of each user, chat and message the last change, made of the record
/// itself and of what other devices say that they hold.
namespace lanyard::agent {
namespace {

/// What tells whose a change is, and who has it.
struct CloudHolders {
  merge::LogTable logs;
  std::map<LogId, DeviceId> authors;
  std::vector<VectorClock> durable;  ///< of each other device
};

struct CloudChange {
  std::string_view operation;
  std::vector<Dot> dots;
};

/// A record that is made of one change was created by it.
CloudChange last_change(const CloudRecord& record, const merge::LogTable& logs) {
  if (!record.is_shown()) return {"delete", record.deleted_by};
  const auto version = merge::version_from_text(record.record.version, logs);
  if (!version) return {"update", {}};
  CloudChange out;
  out.operation = version->edits.size() == 1 && version->deletes.empty() ? "create" : "update";
  out.dots = logs.global(version->edits);
  return out;
}

/// One other device has all of it.
bool is_held_elsewhere(const std::vector<Dot>& dots, const CloudHolders& holders) {
  return !dots.empty() &&
         std::any_of(holders.durable.begin(), holders.durable.end(), [&](const VectorClock& held) {
           return std::all_of(dots.begin(), dots.end(),
                              [&](const Dot& dot) { return dot.seq <= seq_in(held, dot.log); });
         });
}

std::string_view entity_of(const std::string& collection) {
  if (collection == kCloudUsers) return "user";
  return collection == kCloudChats ? "chat" : "message";
}

std::int64_t time_of_row(const CloudRecord& record) {
  for (const std::string_view name : {"updatedAt", "createdAt"})
    for (const JsonMember& member : record.members)
      if (member.name == name) return json_integer(member.value).value_or(0);
  return 0;
}

void write_event(const CloudRecord& record, const std::string& data, const std::string& user,
                 const CloudHolders& holders, JsonWriter& out) {
  const std::string entity(entity_of(record.record.collection));
  const CloudChange change = last_change(record, holders.logs);
  const auto author =
      change.dots.empty() ? holders.authors.end() : holders.authors.find(change.dots.front().log);
  out.begin_object().member("id", entity + ":" + record.record.key);
  out.member("entity_type", entity).member("entity_id", record.record.key);
  out.member("operation", change.operation).name("data");
  record.is_shown() ? out.text(data) : out.null();
  out.member("timestamp", time_of_row(record)).member("user_id", user);
  out.member("device_id", author == holders.authors.end() ? "" : to_hex(author->second.view()));
  out.member("synced", is_held_elsewhere(change.dots, holders) ? 1 : 0).end_object();
}

Result<CloudHolders> read_holders(SpaceReads& reads, const SpaceId& space,
                                  std::vector<VectorClock> durable) {
  CloudHolders out;
  LANYARD_TRY_SET(out.authors, reads.authors(space));
  for (const auto& [log, device] : out.authors) out.logs.number_of(log);
  out.durable = std::move(durable);
  return out;
}

}  // namespace

void Cloudapi::list_events(const CloudCall& call, const ApiReply& reply) {
  const auto user = wanted_user(call);
  if (!user) return reply.send(compat_error(user.error()));
  const auto since = read_since(call.since);
  if (!since) return reply.send(compat_error(since.error()));
  in_space(reply, [self = shared_from_this(), call, user = *user, since = *since,
                   reply](const SpaceId& space) {
    const auto clock = self->services_.reads.clock(space);
    if (!clock) return reply.send(compat_error(clock.error()));
    const auto answer = [self, call, user, space, clock = *clock,
                         at_ms = self->services_.host.wall().ms,
                         reply](const std::optional<Names>& touched) {
      auto rows = touched ? self->touched_rows(space, call, user, *touched)
                          : self->rows_of_user(space, call, user);
      if (!rows) return reply.send(compat_error(rows.error()));
      self->note_pull(space, call, at_ms, clock);
      self->send_events(space, user, std::move(*rows), reply);
    };
    if (!since) return answer(std::nullopt);
    self->with_touched(space, call, *since, answer);
  });
}

Result<Cloudapi::Rows> Cloudapi::rows_of_user(const SpaceId& space, const CloudCall& call,
                                              const std::string& user) {
  Rows out;
  LANYARD_TRY_SET(CloudRecord self_row, read(space, kCloudUsers, user));
  if (self_row.was_there) out.push_back(std::move(self_row));
  LANYARD_TRY_SET(Rows chats, all_rows(space, {kCloudChats, "userId", user, kUpdatedAt}, true));
  std::set<std::string> known;
  for (CloudRecord& chat : chats) {
    const auto owner = chat.text_of("userId");
    if (owner ? *owner != user : call.user.has_value()) continue;
    known.insert(chat.record.key);
    LANYARD_TRY_SET(Rows said,
                    all_rows(space, {kCloudMessages, "chatId", chat.record.key, ""}, false));
    out.push_back(std::move(chat));
    std::move(said.begin(), said.end(), std::back_inserter(out));
  }
  LANYARD_TRY_SET(const auto gone, services_.reads.deleted(space, kCloudMessages));
  LANYARD_TRY_SET(Rows messages, rows_of(space, kCloudMessages, gone));
  for (CloudRecord& message : messages) {
    const auto chat = message.text_of("chatId");
    if (chat ? known.contains(*chat) : !call.user.has_value()) out.push_back(std::move(message));
  }
  return out;
}

Result<Cloudapi::Rows> Cloudapi::touched_rows(const SpaceId& space, const CloudCall& call,
                                              const std::string& user, const Names& touched) {
  Rows out;
  for (const char* const collection : {kCloudUsers, kCloudChats, kCloudMessages}) {
    LANYARD_TRY_SET(Rows rows, rows_of(space, collection, keys_in(touched, collection)));
    for (CloudRecord& row : rows) {
      LANYARD_TRY_SET(const auto owner, owner_of(space, row));
      if (owner ? *owner == user : !call.user && !row.is_shown()) out.push_back(std::move(row));
    }
  }
  return out;
}

void Cloudapi::send_events(const SpaceId& space, const std::string& user, Rows rows,
                           const ApiReply& reply) {
  const auto answer = [self = shared_from_this(), space, user,
                       rows = std::make_shared<Rows>(std::move(rows)),
                       reply](const Result<std::vector<VectorClock>>& durable) {
    const auto work = [&]() -> Result<std::string> {
      if (!durable) return fail(durable.error());
      LANYARD_TRY_SET(const CloudHolders holders,
                      read_holders(self->services_.reads, space, *durable));
      JsonWriter out;
      out.begin_array();
      for (const CloudRecord& row : *rows) {
        // As the space has it: what stays on this device is in no event.
        const std::string data = cloud_row(row.record.key, row.members, std::nullopt);
        write_event(row, data, user, holders, out);
      }
      return out.end_array().take();
    };
    const auto text = work();
    text ? reply.json(*text) : reply.send(compat_error(text.error()));
  };
  ask_storage<std::vector<VectorClock>>(
      services_.host,
      [space](storage::Vault& vault) -> Result<std::vector<VectorClock>> {
        LANYARD_TRY_SET(const auto progress, vault.progress());
        std::vector<VectorClock> out;
        for (const storage::PeerProgress& each : progress)
          if (each.space == space) out.push_back(each.durable);
        return out;
      },
      answer);
}

}  // namespace lanyard::agent
