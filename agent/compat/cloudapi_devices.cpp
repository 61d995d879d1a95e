#include "agent/compat/cloudapi.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/json_text.hpp"

/// CloudAPI's devices and settings of its sync, and how this agent's sync stands.
namespace lanyard::agent {
namespace {

constexpr std::int64_t kSyncIntervalMs = 30'000;

Bytes json_value(std::string_view json) { return from_json(json).value_or(Bytes{0xC0}); }

/// What an app registers itself with, under the names that rows have.
std::string device_text(const JsonObject& object, const std::optional<std::string>& user) {
  JsonWriter out;
  out.begin_object();
  const bool says_user = object.find("user_id") || object.find("userId");
  for (const JsonMember& member : object.members()) {
    if (member.name == "userId") {
      if (!object.find("user_id")) out.name("user_id").raw(member.value);
    } else {
      out.name(member.name).raw(member.value);
    }
  }
  if (!says_user && user) out.member("user_id", *user);
  return out.end_object().take();
}

std::string default_config(const std::string& user) {
  JsonWriter out;
  out.begin_object().member("id", user).member("userId", user).member("mode", "hybrid");
  out.member("autoSync", true).member("syncInterval", kSyncIntervalMs);
  return out.member("updatedAt", 0).end_object().take();
}

std::string cloud_status(const AgentStatus& status) {
  JsonWriter out;
  out.begin_object().member("isOnline", status.is_online()).name("lastSync");
  status.last_sync_ms == 0 ? out.null() : out.number(status.last_sync_ms / 1000);
  out.member("pendingChanges", status.not_yet_there()).member("syncing", status.is_syncing());
  out.name("error");
  status.degraded.empty() ? out.null() : out.text(status.degraded.front().why);
  return out.end_object().take();
}

}  // namespace

// ---- devices

void Cloudapi::list_devices(const CloudCall& call, const ApiReply& reply) {
  const auto user = wanted_user(call);
  if (!user) return reply.send(compat_error(user.error()));
  CloudCall whole = call;
  whole.since.reset();
  list(whole, {kCloudDevices, "user_id", *user, "created_at"}, reply);
}

/// The key of the device with this fingerprint; of several, which other devices may have made, the
/// first.
Result<std::optional<std::string>> Cloudapi::device_of(const SpaceId& space,
                                                       const std::string& fingerprint) {
  storage::RecordQuery query;
  query.collection = kCloudDevices;
  query.where = {{"fingerprint", storage::Comparison::kEqual, {text_value(fingerprint)}}};
  query.limit = 1;
  LANYARD_TRY_SET(const auto page, services_.reads.query(space, query));
  return page.records.empty() ? std::nullopt : std::optional(page.records.front().key);
}

void Cloudapi::register_device(const CloudCall& call, const ApiReply& reply) {
  const auto object = JsonObject::parse(call.body->view());
  if (!object) return reply.send(compat_error(400, "the body is no JSON object"));
  const auto read_device = [&]() -> Result<std::shared_ptr<CloudPost>> {
    const std::string text = device_text(*object, call.user);
    LANYARD_TRY_SET(const JsonObject said, JsonObject::parse(text));
    LANYARD_TRY_SET(const auto id, posted_id(said));
    LANYARD_TRY_SET(auto post,
                    read_cloud_post(kCloudDevices, id ? *id : make_cloud_id(room_.rng), said));
    LANYARD_TRY(check_said(*post, {"user_id", "fingerprint"}));
    post->when_new.emplace_back("created_at", cloud_time(services_.host.wall().ms));
    return post;
  };
  const auto post = read_device();
  if (!post) return reply.send(compat_error(post.error()));
  const auto key = std::make_shared<std::string>();
  const auto work = [self = shared_from_this(), call, post = *post,
                     key](ClaimPlanner& planner) -> Status {
    const std::string fingerprint = post->text_of("fingerprint").value_or("");
    LANYARD_TRY_SET(const auto known, self->device_of(planner.space(), fingerprint));
    *key = known.value_or(post->key);
    return known ? self->plan_known_device(planner, call, *post, *known)
                 : self->plan_post(planner, call, *post);
  };
  queue_->add(
      {call.client, work, [self = shared_from_this(), call, key, reply](const Status& done) {
         if (!done) return reply.send(compat_error(done.error()));
         self->answer_row(call, kCloudDevices, *key, reply);
       }});
}

/// A device that is there already: nothing of it changes but when it synced last.
Status Cloudapi::plan_known_device(ClaimPlanner& planner, const CloudCall& call,
                                   const CloudPost& post, const std::string& key) {
  LANYARD_TRY_SET(const CloudRecord there, read(planner.space(), kCloudDevices, key));
  if (!check_own(planner.space(), call, there))
    return fail(Code::kExists, "this fingerprint is another user's device");
  for (const JsonMember& member : post.members) {
    if (member.name != "last_sync_at") continue;
    const auto now = JsonObject::parse(there.record.json);
    if (now && now->find("last_sync_at") == member.value) return {};
    PlannedOp op;
    op.collection = kCloudDevices;
    op.key = key;
    op.ours.emplace_back(member.name, json_value(member.value));
    planner.plan().ops.push_back(std::move(op));
  }
  return {};
}

// ---- sync config

void Cloudapi::get_config(const CloudCall& call, const ApiReply& reply) {
  const auto user = wanted_user(call);
  if (!user) return reply.send(compat_error(user.error()));
  in_space(reply, [self = shared_from_this(), call, user = *user, reply](const SpaceId& space) {
    const auto record = self->services_.reads.get(space, kCloudConfig, user);
    if (!record) return reply.send(compat_error(record.error()));
    if (!is_shown(*record)) return reply.json(default_config(user));
    self->answer_row(call, kCloudConfig, user, reply);
  });
}

/// Each user has one, by the user's own name: two devices never make two.
void Cloudapi::put_config(const CloudCall& call, const ApiReply& reply) {
  const auto read_config = [&]() -> Result<PostPtr> {
    LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(call.body->view()));
    CloudCall of = call;
    const auto said = json_string(object.find("userId").value_or(""));
    if (said && !of.user_id) of.user_id = *said;
    LANYARD_TRY_SET(const std::string user, wanted_user(of));
    if (said && *said != user) return fail(Code::kUsage, "the body has another userId");
    LANYARD_TRY_SET(auto post, read_cloud_post(kCloudConfig, user, object));
    post->when_new = {{"userId", text_value(user)},
                      {"mode", text_value("hybrid")},
                      {"autoSync", json_value("true")},
                      {"syncInterval", json_value(std::to_string(kSyncIntervalMs))},
                      {"updatedAt", cloud_time(services_.host.wall().ms)}};
    return PostPtr(std::move(post));
  };
  const auto post = read_config();
  if (!post) return reply.send(compat_error(post.error()));
  const auto work = [self = shared_from_this(), call,
                     post = *post](ClaimPlanner& planner) -> Status {
    LANYARD_TRY_SET(const PresentRecord now, planner.present(kCloudConfig, post->key));
    return now.is_shown() ? self->plan_change(planner, call, *post)
                          : self->plan_post(planner, call, *post);
  };
  queue_->add({call.client, work,
               [self = shared_from_this(), call, post = *post, reply](const Status& done) {
                 if (!done) return reply.send(compat_error(done.error()));
                 self->answer_row(call, kCloudConfig, post->key, reply);
               }});
}

// ---- status

void Cloudapi::get_status(const CloudCall& /*call*/, const ApiReply& reply) {
  services_.status.glance([reply](const Result<AgentStatus>& status) {
    status ? reply.json(cloud_status(*status)) : reply.send(compat_error(status.error()));
  });
}

}  // namespace lanyard::agent
