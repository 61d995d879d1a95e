#include "agent/api/sync_round.hpp"
#include "agent/compat/chatsync.hpp"
#include "agent/compat/chatsync_shapes.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/iso_time.hpp"
#include "agent/json_writer.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"

/// What a chatsync server calls SyncStatus. When a user synced on this device is a record of its
/// own, at most one a minute; what is newer is in memory.
namespace lanyard::agent {
namespace {

constexpr std::int64_t kStatusWrittenEveryMs = 60'000;
constexpr std::chrono::milliseconds kRoundMax{5'000};

std::int64_t synced_ms_of(const storage::ReadRecord& record) {
  const auto object = JsonObject::parse(record.json);
  const auto at = object ? time_in(object->find("lastSyncTimestamp").value_or("")) : std::nullopt;
  return at.value_or(0);
}

std::string status_text(const AgentStatus& status, std::int64_t last_ms, bool is_enabled) {
  JsonWriter out;
  out.begin_object().name("lastSyncTimestamp");
  last_ms == 0 ? out.null() : out.text(iso_time(last_ms));
  out.member("pendingChanges", status.not_yet_there()).member("isOnline", status.is_online());
  return out.member("syncEnabled", is_enabled).end_object().take();
}

/// What POST /api/sync asks for.
struct SyncWish {
  bool is_auto = false;
  bool is_server_only = false;
};

SyncWish read_sync_wish(std::string_view body) {
  SyncWish out;
  const auto object = JsonObject::parse(body);
  if (!object) return out;
  const auto is = [&](std::string_view name, std::string_view value) {
    const auto text = json_string(object->find(name).value_or(""));
    return text && *text == value;
  };
  out.is_auto = is("action", "auto");
  out.is_server_only = is("direction", "server-only");
  return out;
}

std::string sync_answer(const SyncWish& wish, const std::string& status) {
  JsonWriter out;
  out.begin_object();
  if (wish.is_auto) {
    out.member("message", "Auto sync: the client goes on").member("requiresClientSync", true);
  } else if (wish.is_server_only) {
    out.member("message", "Sync completed");
  } else {
    out.member("message", "Sync completed: the client goes on");
    out.member("requiresClientSync", true).member("direction", "full");
  }
  return out.name("status").raw(status).end_object().take();
}

}  // namespace

std::string Chatsync::status_key(const std::string& user) const {
  return user_key(user, to_short_text(services_.host.self));
}

void Chatsync::with_status(const Caller& caller, const ApiReply& reply, const WithStatus& go) {
  in_space(reply, [self = shared_from_this(), caller, reply, go](const SpaceId& space) {
    const auto record =
        self->services_.reads.get(space, kUserStatus, self->status_key(caller.user));
    if (!record) return reply.send(compat_error(record.error()));
    const std::int64_t last_ms =
        std::max(synced_ms_of(*record), self->synced_[caller.user].last_ms);
    const bool is_enabled = self->services_.host.network.is_enabled();
    self->services_.status.glance([=](const Result<AgentStatus>& status) {
      status ? go(status_text(*status, last_ms, is_enabled))
             : reply.send(compat_error(status.error()));
    });
  });
}

/// A round with every device that is linked, as far as it comes in five seconds.
void Chatsync::sync(const Caller& caller, const Posted& body, const ApiReply& reply) {
  const std::string_view text = body->view();
  if (!text.empty() && !JsonObject::parse(text))
    return reply.send(compat_error(400, "the body is no JSON object"));
  const SyncWish wish = read_sync_wish(text);
  const auto go_on = [self = shared_from_this(), caller, wish,
                      reply](const Result<SyncReport>& report) {
    if (!report) return reply.send(compat_error(report.error()));
    self->note_sync(caller);
    self->with_status(caller, reply, [wish, reply](const std::string& status) {
      reply.json(sync_answer(wish, status));
    });
  };
  run_sync_round(services_, room_.after, access_of_person(), kRoundMax, go_on);
}

void Chatsync::note_sync(const Caller& caller) {
  Synced& synced = synced_[caller.user];
  synced.last_ms = services_.host.wall().ms;
  if (synced.last_ms - synced.written_ms < kStatusWrittenEveryMs) return;
  synced.written_ms = synced.last_ms;
  services_.directory.find(
      space_, [self = shared_from_this(), user = caller.user](const Result<SpaceId>& space) {
        if (space) self->write_status(*space, user);
      });
}

void Chatsync::write_status(const SpaceId& space, const std::string& user) {
  const auto before = services_.reads.get(space, kUserStatus, status_key(user));
  if (!before) return;
  const Bytes now = text_value(iso_time(synced_[user].last_ms));
  storage::LocalOp op;
  op.kind = oplog::OpKind::kPatch;
  op.collection = kUserStatus;
  op.key = status_key(user);
  op.fields = {{"lastSyncTimestamp", now}, {"updatedAt", now}};
  if (!is_shown(*before)) {
    op.fields.emplace_back("userId", text_value(user));
    op.fields.emplace_back("deviceId", text_value(room_.device_id));
    op.fields.emplace_back("createdAt", now);
  }
  storage::LocalChange change;
  change.ops.push_back(std::move(op));
  services_.data.write(to_text(space), std::move(change), [](const Result<storage::Written>& done) {
    if (!done) log_warning("when a user synced was not written: " + done.error().detail);
  });
}

void Chatsync::clear_status(const std::string& user,
                            const std::function<void(const Status& done)>& done) {
  synced_.erase(user);
  queue_->add({"chatsync\n" + user,
               [key = status_key(user)](ClaimPlanner& planner) -> Status {
                 LANYARD_TRY_SET(const PresentRecord now, planner.present(kUserStatus, key));
                 return now.is_shown() ? planner.trash(*now.record) : Status();
               },
               done});
}

}  // namespace lanyard::agent
