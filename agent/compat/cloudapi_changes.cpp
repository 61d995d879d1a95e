#include "agent/compat/cloudapi.hpp"
#include "agent/compat/compat_gate.hpp"
#include "replication/types/canonical.hpp"

/// What CloudAPI clients change.
namespace lanyard::agent {
namespace {

/// By what a row belongs where it is: another row with its id is another thing.
std::string_view place_member(const std::string& collection) {
  if (collection == kCloudChats) return "userId";
  if (collection == kCloudDevices) return "user_id";
  return collection == kCloudMessages ? "chatId" : "";
}

void give_times(CloudPost& post, std::int64_t now_ms) {
  post.when_new.emplace_back("createdAt", cloud_time(now_ms));
  if (post.collection != kCloudMessages)
    post.when_new.emplace_back("updatedAt", cloud_time(now_ms));
}

Status check_new(const CloudPost& post, bool has_token) {
  if (post.collection == kCloudMessages) return check_said(post, {"chatId", "role", "content"});
  if (post.collection == kCloudChats && !has_token) return check_said(post, {"userId"});
  return {};
}

Status plan_cloud_delete(ClaimPlanner& planner, const std::string& collection,
                         const std::string& key) {
  const auto remove_one = [&](const std::string& of, const std::string& which) -> Status {
    LANYARD_TRY(planner.remove(of, which));
    planner.plan().forgotten.push_back({planner.space(), of, which});
    return {};
  };
  if (collection != kCloudChats) return remove_one(collection, key);
  const ClaimPlanner::Mark begin = planner.mark();
  LANYARD_TRY_SET(const bool is_known, planner.has_base(collection, key));
  storage::RecordQuery query;
  query.collection = kCloudMessages;
  query.where = {{"chatId", storage::Comparison::kEqual, {text_value(key)}}};
  const auto remove_message = [&](const storage::ReadRecord& message) -> Status {
    LANYARD_TRY_SET(const bool is_seen, planner.has_base(kCloudMessages, message.key));
    if (is_known && !is_seen)
      return fail(Code::kConflict, "the chat has messages that this client has not read");
    return remove_one(kCloudMessages, message.key);
  };
  LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, remove_message));
  LANYARD_TRY(remove_one(collection, key));
  planner.join_since(begin);
  return {};
}

/// The time of a change that does not say one, where it is later than the one that is there; false:
/// there is none to say.
bool say_time(ClaimPlanner& planner, const CloudPost& post, const PresentRecord& now, Claim& claim,
              std::int64_t now_ms) {
  const std::int64_t seconds = now_ms / 1000;
  const auto present = updated_at_of(now.members);
  if (post.says(kUpdatedAt) || (present && *present >= seconds)) return false;
  const std::string& text = planner.plan().texts.emplace_back(std::to_string(seconds));
  lanyard::agent::claim(claim.members, kUpdatedAt, text, planner.hasher());
  claim.updated_at = seconds;
  return true;
}

}  // namespace

// ---- new ones

Result<Cloudapi::PostPtr> Cloudapi::read_new(const char* collection, const CloudCall& call) {
  const auto object = JsonObject::parse(call.body->view());
  if (!object) return fail(Code::kUsage, "the body is no JSON object: " + object.error().detail);
  LANYARD_TRY_SET(const auto id, posted_id(*object));
  LANYARD_TRY_SET(const auto post,
                  read_cloud_post(collection, id ? *id : make_cloud_id(room_.rng), *object));
  LANYARD_TRY(check_new(*post, call.user.has_value()));
  if (call.user && post->collection == kCloudChats)
    post->when_new.emplace_back("userId", text_value(*call.user));
  give_times(*post, services_.host.wall().ms);
  return PostPtr(post);
}

void Cloudapi::create(const char* collection, const CloudCall& call, const ApiReply& reply) {
  const auto post = read_new(collection, call);
  if (!post) return reply.send(compat_error(post.error()));
  add_post(call, *post, reply);
}

void Cloudapi::add_post(const CloudCall& call, const PostPtr& post, const ApiReply& reply) {
  queue_->add({call.client,
               [self = shared_from_this(), call, post](ClaimPlanner& planner) {
                 return self->plan_post(planner, call, *post);
               },
               [self = shared_from_this(), call, post, reply](const Status& done) {
                 if (!done) return reply.send(compat_error(done.error()));
                 self->answer_row(call, post->collection, post->key, reply);
               }});
}

/// A row stands where its user or chat is, and nobody takes the id of another's.
Status Cloudapi::check_place(const SpaceId& space, const CloudCall& call, const CloudPost& post) {
  const auto said = post.text_of(place_member(post.collection));
  const auto user = post.collection == kCloudUsers ? std::optional(post.key) : said;
  if (post.collection != kCloudMessages && call.user && user && user != call.user)
    return fail(Code::kNotFound, "the token is another user's");
  LANYARD_TRY_SET(const CloudRecord now, read(space, post.collection, post.key));
  if (now.was_there) {
    const auto there = now.text_of(place_member(post.collection));
    const bool is_same = !said || !there || said == there;
    if (!is_same || !check_own(space, call, now))
      return fail(Code::kExists, "this id is taken by something else");
  }
  if (post.collection != kCloudMessages) return {};
  LANYARD_TRY_SET(const CloudRecord chat, read(space, kCloudChats, said.value_or("")));
  if (!chat.is_shown()) return fail(Code::kNotFound, "there is no such chat");
  return check_own(space, call, chat);
}

Status Cloudapi::plan_post(ClaimPlanner& planner, const CloudCall& call, const CloudPost& post) {
  LANYARD_TRY(check_place(planner.space(), call, post));
  LANYARD_TRY_SET(const PresentRecord now, planner.present(post.collection, post.key));
  if (post.is_deleted)
    return now.is_shown() ? plan_cloud_delete(planner, post.collection, post.key) : Status();
  if (!post.kept.empty()) LANYARD_TRY(planner.keep(post.collection, post.key, post.kept));
  LANYARD_TRY_SET(const Claim claim, cloud_claim(post, now, planner.hasher()));
  LANYARD_TRY_SET(const Standing standing, planner.standing(claim));
  LANYARD_TRY(planner.add(claim, standing));
  return {};
}

// ---- changes

void Cloudapi::change_chat(const CloudCall& call, const ApiReply& reply) {
  const auto read_change = [&]() -> Result<PostPtr> {
    const auto object = JsonObject::parse(call.body->view());
    if (!object) return fail(Code::kUsage, "the body is no JSON object: " + object.error().detail);
    LANYARD_TRY_SET(const auto id, posted_id(*object));
    if (id && *id != call.id) return fail(Code::kUsage, "the body has another id than the path");
    LANYARD_TRY_SET(auto post, read_cloud_post(kCloudChats, call.id, *object));
    return PostPtr(std::move(post));
  };
  const auto post = read_change();
  if (!post) return reply.send(compat_error(post.error()));
  queue_->add({call.client,
               [self = shared_from_this(), call, post = *post](ClaimPlanner& planner) {
                 return self->plan_change(planner, call, *post);
               },
               [self = shared_from_this(), call, reply](const Status& done) {
                 if (!done) return reply.send(compat_error(done.error()));
                 self->answer_row(call, kCloudChats, call.id, reply);
               }});
}

/// What the client has not read of the record is not overwritten: it stays beside, as a sibling.
/// Who never read it means it as it is.
Status Cloudapi::plan_change(ClaimPlanner& planner, const CloudCall& call, const CloudPost& post) {
  LANYARD_TRY_SET(const CloudRecord there, read(planner.space(), post.collection, post.key));
  if (!there.is_shown()) return fail(Code::kNotFound, "there is no such record");
  LANYARD_TRY(check_own(planner.space(), call, there));
  const auto user = post.text_of("userId");
  if (call.user && user && user != call.user)
    return fail(Code::kNotFound, "the token is another user's");
  if (post.is_deleted) return plan_cloud_delete(planner, post.collection, post.key);
  LANYARD_TRY_SET(const PresentRecord now, planner.shown(there.record));
  LANYARD_TRY_SET(Claim claim, cloud_claim(post, now, planner.hasher()));
  LANYARD_TRY_SET(const bool has_base, planner.has_base(post.collection, post.key));
  const auto plan_claim = [&] {
    return has_base ? planner.add(claim, {true, false, true}) : planner.replace(claim, {});
  };
  const ClaimPlanner::Mark before = planner.mark();
  LANYARD_TRY(plan_claim());
  const bool changes = planner.mark().ops > before.ops;
  if (!changes || !say_time(planner, post, now, claim, services_.host.wall().ms)) return {};
  planner.rewind(before);
  LANYARD_TRY(plan_claim());
  return {};
}

// ---- deletes

void Cloudapi::remove(const char* collection, const CloudCall& call, const ApiReply& reply) {
  const auto work = [self = shared_from_this(), collection, call](ClaimPlanner& planner) -> Status {
    LANYARD_TRY_SET(const CloudRecord there, self->read(planner.space(), collection, call.id));
    LANYARD_TRY(self->check_own(planner.space(), call, there));
    // What lies in the trash already needs no other delete.
    return there.is_shown() ? plan_cloud_delete(planner, collection, call.id) : Status();
  };
  queue_->add(
      {call.client, work, [self = shared_from_this(), collection, call, reply](const Status& done) {
         if (done) return reply.json(R"({"success":true})");
         if (done.error().is(Code::kConflict)) self->note_refused(call.client, collection, call.id);
         reply.send(compat_error(done.error()));
       }});
}

}  // namespace lanyard::agent
