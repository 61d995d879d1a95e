#include "agent/compat/cloudapi.hpp"

#include <array>

#include "agent/compat/compat_gate.hpp"
#include "agent/compat/token_user.hpp"
#include "agent/compat/withheld.hpp"
#include "agent/json_writer.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

constexpr const char* kCloudapi = "cloudapi";
/// Of one record's trash.
constexpr std::size_t kHiddenMax = 1000;

constexpr std::array kCloudapiPorts = std::to_array<CompatPort>({{3014, true, false}});

constexpr std::array kCloudapiKind = std::to_array<CompatKind>(
    {{kCloudapi, kCloudapiPorts,
      [](const CompatRoom& room,
         const storage::CompatListener& listener) -> std::shared_ptr<CompatProtocol> {
        return std::make_shared<Cloudapi>(room, listener);
      }}});

/// {"name":value,...} of what deletes hide: of each field the first thing that it could show.
std::string hidden_text(const std::vector<storage::ReadTrash>& trash) {
  JsonWriter out;
  out.begin_object();
  const std::string* before = nullptr;
  for (const storage::ReadTrash& row : trash) {
    if (before == nullptr || *before != row.field) out.name(row.field).raw(row.json);
    before = &row.field;
  }
  return out.end_object().take();
}

std::optional<bool> deleted_column(const CloudRecord& record) {
  const std::string& collection = record.record.collection;
  const bool has_column = collection == kCloudChats || collection == kCloudMessages;
  return has_column ? std::optional(!record.is_shown()) : std::nullopt;
}

}  // namespace

std::span<const CompatKind> cloudapi_kind() { return kCloudapiKind; }

Status CloudRecord::take(std::string json) {
  text = std::make_shared<const std::string>(std::move(json));
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(*text));
  members = object.members();
  return {};
}

std::optional<std::string> CloudRecord::text_of(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name != name) continue;
    const auto value = json_string(member.value);
    return value ? std::optional(*value) : std::nullopt;
  }
  return std::nullopt;
}

Cloudapi::Cloudapi(const CompatRoom& room, const storage::CompatListener& listener)
    : room_(room),
      services_(room.services),
      space_(listener.space),
      queue_(std::make_shared<ClaimQueue>(
          room.services, room.store, listener.space,
          [&hasher = room.services.hasher](const std::string& /*collection*/,
                                           std::string_view json) {
            return cloud_members(json, hasher);
          })),
      returns_(std::make_shared<ChatReturns>(room.services, queue_, cloudapi_records())),
      times_(std::make_shared<LatestTimes>(room.services, queue_,
                                           std::vector<std::string>{kCloudChats, kCloudUsers})) {
  returns_->watch();
  times_->watch();
  index_fields(services_, space_, {{kCloudChats, "userId"}, {kCloudMessages, "chatId"}});
}

// ---- requests

std::span<const Cloudapi::WayIn> Cloudapi::ways_in() {
  static const std::array ways = std::to_array<WayIn>({
      {{"GET", "/api/chats"}, &Cloudapi::list_chats},
      {{"POST", "/api/chats"}, &Cloudapi::create_chat},
      {{"GET", "/api/chats/{id}"}, &Cloudapi::get_chat},
      {{"PUT", "/api/chats/{id}"}, &Cloudapi::change_chat},
      {{"PATCH", "/api/chats/{id}"}, &Cloudapi::change_chat},
      {{"DELETE", "/api/chats/{id}"}, &Cloudapi::delete_chat},
      {{"GET", "/api/messages"}, &Cloudapi::list_messages},
      {{"POST", "/api/messages"}, &Cloudapi::create_message},
      {{"GET", "/api/messages/{id}"}, &Cloudapi::get_message},
      {{"DELETE", "/api/messages/{id}"}, &Cloudapi::delete_message},
      {{"POST", "/api/users"}, &Cloudapi::create_user},
      {{"GET", "/api/users/{id}"}, &Cloudapi::get_user},
      {{"GET", "/api/sync-events"}, &Cloudapi::list_events},
      {{"GET", "/api/devices"}, &Cloudapi::list_devices},
      {{"POST", "/api/devices"}, &Cloudapi::register_device},
      {{"GET", "/api/sync-config"}, &Cloudapi::get_config},
      {{"PUT", "/api/sync-config"}, &Cloudapi::put_config},
      {{"GET", "/api/sync/status"}, &Cloudapi::get_status},
  });
  return ways;
}

HeadOrder Cloudapi::receive(const CompatPort& /*port*/, const HeadView& head) {
  CloudCall call;
  if (head.field("Authorization")) {
    const auto user = token_user(room_, head);
    if (!user) return answered(compat_error(401, "Authentication required"));
    call.user = user->user;
    call.client = user->client(kCloudapi);
    return held_to_token(room_, head, serve(std::move(call), head));
  }
  call.client = compat_client(kCloudapi, head);
  return serve(std::move(call), head);
}

HeadOrder Cloudapi::serve(CloudCall call, const HeadView& head) {
  auto query = QueryText::parse(head.query());
  if (!query) return answered(compat_error(query.error()));
  call.user_id = query->text("userId");
  call.chat_id = query->text("chatId");
  call.since = query->text("since");
  const std::string_view method = head.method == "HEAD" ? "GET" : head.method;
  for (const WayIn& way : ways_in()) {
    Match match = find_route({&way.at, 1}, method, head.path());
    if (match.route == nullptr) continue;
    if (!match.names.empty()) call.id = std::move(match.names.front());
    return order(std::move(call), way);
  }
  return answered(compat_error(404, "there is no such path here"));
}

HeadOrder Cloudapi::order(CloudCall call, const WayIn& way) {
  const auto self = shared_from_this();
  if (way.at.method == "GET" || way.at.method == "DELETE")
    return plain_order([self, call = std::move(call), go = way.go](const ApiReply& reply) {
      (*self.*go)(call, reply);
    });
  return posted_order(services_.host.data_dir, [self, call = std::move(call), go = way.go](
                                                   Posted body, const ApiReply& reply) {
    CloudCall whole = call;
    whole.body = std::move(body);
    (*self.*go)(whole, reply);
  });
}

// ---- one record

Result<CloudRecord> Cloudapi::read(const SpaceId& space, const std::string& collection,
                                   const std::string& key) {
  CloudRecord out;
  LANYARD_TRY_SET(out.record, services_.reads.get(space, collection, key));
  out.record.collection = collection;
  out.record.key = key;
  out.was_there = true;
  if (out.is_shown()) {
    LANYARD_TRY(out.take(out.record.json));
    return out;
  }
  LANYARD_TRY_SET(const auto trash, services_.reads.trash(space, {collection, key}, kHiddenMax));
  out.was_there = !trash.empty();
  if (!trash.empty()) out.deleted_by = trash.front().deleted_by;
  LANYARD_TRY(out.take(hidden_text(trash)));
  return out;
}

Result<std::optional<std::string>> Cloudapi::owner_of(const SpaceId& space,
                                                      const CloudRecord& record) {
  const std::string& collection = record.record.collection;
  if (collection == kCloudUsers) return std::optional(record.record.key);
  if (collection == kCloudDevices) return record.text_of("user_id");
  if (collection != kCloudMessages) return record.text_of("userId");
  const auto chat = record.text_of("chatId");
  if (!chat) return std::optional<std::string>();
  LANYARD_TRY_SET(const CloudRecord of, read(space, kCloudChats, *chat));
  return of.text_of("userId");
}

Status Cloudapi::check_own(const SpaceId& space, const CloudCall& call, const CloudRecord& record) {
  const auto none = [] { return fail(Code::kNotFound, "there is no such record"); };
  if (!record.was_there) return none();
  if (!call.user) return {};
  LANYARD_TRY_SET(const auto owner, owner_of(space, record));
  return owner == call.user ? Status() : none();
}

Result<std::string> Cloudapi::row_text(const SpaceId& space, const CloudRecord& record) {
  std::string out = cloud_row(record.record.key, record.members, deleted_column(record));
  if (record.record.collection != kCloudUsers) return out;
  LANYARD_TRY_SET(const auto kept, room_.store.kept({space, kCloudUsers, record.record.key}));
  return give_back(std::move(out), kept);
}

void Cloudapi::get(const char* collection, const CloudCall& call, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), collection, call, reply](const SpaceId& space) {
    const auto work = [&]() -> Status {
      LANYARD_TRY_SET(const CloudRecord record, self->read(space, collection, call.id));
      if (!record.is_shown()) return fail(Code::kNotFound, "there is no such record");
      return self->check_own(space, call, record);
    };
    if (const Status found = work(); !found) return reply.send(compat_error(found.error()));
    self->answer_row(call, collection, call.id, reply);
  });
}

void Cloudapi::answer_row(const CloudCall& call, const std::string& collection,
                          const std::string& key, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), call, collection, key, reply](const SpaceId& space) {
    const auto work = [&]() -> Result<std::string> {
      std::vector<CloudRecord> given(1);
      LANYARD_TRY_SET(given.front(), self->read(space, collection, key));
      LANYARD_TRY_SET(std::string text, self->row_text(space, given.front()));
      self->note_given(space, call, given);
      return text;
    };
    const auto text = work();
    text ? reply.json(*text) : reply.send(compat_error(text.error()));
  });
}

void Cloudapi::note_given(const SpaceId& space, const CloudCall& call,
                          const std::vector<CloudRecord>& given) {
  const Status noted = queue_->note(space, call.client, [&](ClaimPlanner& planner) -> Status {
    for (const CloudRecord& each : given) {
      if (!each.is_shown()) continue;
      LANYARD_TRY_SET(const PresentRecord record, planner.shown(each.record));
      LANYARD_TRY(planner.gave("", record, updated_at_of(record.members)));
    }
    return {};
  });
  if (!noted) log_warning("what a client was given was not noted: " + noted.error().detail);
}

}  // namespace lanyard::agent
