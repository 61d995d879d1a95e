#include "agent/compat/chatsync.hpp"
#include "agent/compat/chatsync_shapes.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/element_list.hpp"
#include "agent/compat/iso_time.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/json_text.hpp"

/// What chatsync clients change.
namespace lanyard::agent {
namespace {

bool says(const Claim& claim, std::string_view name) {
  return std::any_of(claim.members.begin(), claim.members.end(),
                     [&](const ClaimMember& member) { return member.name == name; });
}

void say(Claim& claim, std::string_view name, std::string_view json, const Hasher& hasher) {
  lanyard::agent::claim(claim.members, name, json, hasher);
  if (name == kUpdatedAt) claim.updated_at = time_in(json);
}

/// The times of rows as the original's server has them: where a post says none they are what they
/// are, and of now once the post changes something.
class RowTimes {
 public:
  RowTimes(ClaimPlanner& planner, WallTime now)
      : planner_(planner), now_("\"" + iso_time(now.ms) + "\"") {}

  /// A claim with the times that it does not say itself. `now` outlives it.
  [[nodiscard]] Claim known(Claim claim, const PresentRecord& now) {
    for (const std::string_view name : kRowTimes) {
      if (says(claim, name)) continue;
      for (const ClaimMember& member : now.members)
        if (member.name == name) say(claim, name, member.json, planner_.hasher());
      if (!now.is_shown()) claim.when_new.emplace_back(name, *from_json(now_));
    }
    return claim;
  }

  /// Plans a claim. One that says no time of its own, and changes something or is `touched`, is of
  /// now.
  [[nodiscard]] Result<PlannedElement> plan(const Claim& posted, const PresentRecord& now,
                                            const Standing& standing, bool touched) {
    const ClaimPlanner::Mark before = planner_.mark();
    const Claim claim = known(posted, now);
    LANYARD_TRY_SET(PlannedElement out, plan_element(planner_, claim, standing));
    const bool changes = out.fate == Fate::kEdited || (touched && out.fate == Fate::kNothing);
    if (says(posted, kUpdatedAt) || !now.is_shown() || !changes) return out;
    planner_.rewind(before);
    Claim of_now = claim;
    say(of_now, kUpdatedAt, planner_.plan().texts.emplace_back(now_), planner_.hasher());
    return plan_element(planner_, of_now, standing);
  }

 private:
  ClaimPlanner& planner_;
  std::string now_;
};

/// What a chat's messages come to. Messages of this protocol are only ever added: one that an
/// upload lacks its client never had, or has forgotten.
Result<std::vector<PlannedElement>> plan_messages(ClaimPlanner& planner, const UserChat& chat,
                                                  const Standing& of_chat, RowTimes& times) {
  std::vector<PlannedElement> out;
  for (const Claim& message : *chat.messages) {
    LANYARD_TRY_SET(const PresentRecord now, planner.present(kUserMessages, message.key));
    // A message says by itself when it was changed; a chat's time says nothing of it.
    LANYARD_TRY_SET(Standing standing, planner.standing(message));
    standing.has_base = standing.has_base || of_chat.has_base;
    standing.is_old = standing.is_old || of_chat.is_old;
    LANYARD_TRY_SET(PlannedElement one, times.plan(message, now, standing, false));
    out.push_back(std::move(one));
  }
  for (const std::string& key : chat.deleted) {
    const Status removed = planner.remove(kUserMessages, key);
    if (!removed && !removed.error().is(Code::kConflict)) return fail(removed.error());
    if (removed) planner.plan().forgotten.push_back({planner.space(), kUserMessages, key});
  }
  return out;
}

Status plan_user_chat(ClaimPlanner& planner, const UserChat& chat, WallTime wall) {
  const std::size_t begin = planner.plan().ops.size();
  RowTimes times(planner, wall);
  LANYARD_TRY_SET(const PresentRecord now, planner.present(kUserChats, chat.key));
  LANYARD_TRY_SET(const Standing standing, planner.standing(times.known(chat.claim, now)));
  std::vector<PlannedElement> planned;
  if (chat.messages) {
    LANYARD_TRY_SET(planned, plan_messages(planner, chat, standing, times));
  }
  const bool touched = planner.plan().ops.size() > begin;
  LANYARD_TRY_SET(const PlannedElement itself, times.plan(chat.claim, now, standing, touched));
  if (!planner.has_edits(begin)) return {};
  if (now.is_shown())
    return itself.fate == Fate::kNothing ? planner.touch(kUserChats, chat.key) : Status();
  if (itself.fate == Fate::kNothing) LANYARD_TRY(planner.restore(kUserChats, chat.key));
  LANYARD_TRY(bring_back(planner, planned));
  if (itself.fate == Fate::kCreated) return {};
  return plan_return(planner, chatsync_records(), chat.key, chat.id, true);
}

/// The chats of one post, and how many there are.
struct ChatsPost {
  std::string user;
  std::vector<std::string_view> chats;
  std::size_t messages = 0;
  std::size_t ops = 0;
  std::string id = {};  ///< of the last one
};

Status plan_chats(ClaimPlanner& planner, ChatsPost& post, WallTime now) {
  post.messages = 0;
  for (const std::string_view json : post.chats) {
    LANYARD_TRY_SET(const UserChat chat,
                    read_user_chat(post.user, json, planner.plan().texts, planner.hasher()));
    LANYARD_TRY(plan_user_chat(planner, chat, now));
    if (chat.messages) post.messages += chat.messages->size() + chat.deleted.size();
    post.id = chat.id;
    planner.read(json.size());
  }
  post.ops = planner.plan().ops.size();
  return {};
}

ClaimQueue::Job chats_job(const std::string& client, Posted body,
                          const std::shared_ptr<ChatsPost>& post, WallTime now,
                          std::function<void(const Status& done)> done) {
  return {client,
          [body = std::move(body), post, now](ClaimPlanner& planner) {
            planner.plan().let_go = [body] { body->let_go(); };
            return plan_chats(planner, *post, now);
          },
          std::move(done)};
}

}  // namespace

void Chatsync::upload(const Caller& caller, const Posted& body, const ApiReply& reply) {
  const auto object = JsonObject::parse(body->view());
  const auto chats = object ? object->find("chats") : std::nullopt;
  const auto elements = chats ? json_elements(*chats) : fail(Code::kUsage, "");
  if (!elements) return reply.send(compat_error(400, "Invalid chats data"));
  const auto post = std::make_shared<ChatsPost>(ChatsPost{caller.user, *elements});
  const auto answer = [self = shared_from_this(), caller, post, reply](const Status& done) {
    if (!done) return reply.send(compat_error(done.error()));
    self->note_sync(caller);
    JsonWriter out;
    out.begin_object().member("success", true);
    out.member("message", "Uploaded " + std::to_string(post->chats.size()) + " chats and " +
                              std::to_string(post->messages) + " messages");
    out.member("uploadedChats", post->chats.size());
    reply.json(out.member("uploadedMessages", post->messages).end_object().take());
  };
  queue_->add(chats_job(caller.client(), std::move(body), post, services_.host.wall(), answer));
}

void Chatsync::upload_chat(const Caller& caller, const Posted& body, const ApiReply& reply) {
  const auto object = JsonObject::parse(body->view());
  const auto chat = object ? object->find("chat") : std::nullopt;
  if (!chat || !is_json_object(*chat))
    return reply.send(compat_error(400, "Chat data is required"));
  const auto post = std::make_shared<ChatsPost>(ChatsPost{caller.user, {*chat}});
  const auto answer = [self = shared_from_this(), caller, post, reply](const Status& done) {
    if (!done) return reply.send(compat_error(done.error()));
    self->note_sync(caller);
    JsonWriter out;
    out.begin_object().member("success", true).member("chatId", post->id);
    reply.json(out.member("messagesCount", post->messages).end_object().take());
  };
  queue_->add(chats_job(caller.client(), std::move(body), post, services_.host.wall(), answer));
}

void Chatsync::delete_chat(const Caller& caller, const std::string& chat, const ApiReply& reply) {
  const std::string key = user_key(caller.user, chat);
  const auto remove_all = [caller, chat, key](ClaimPlanner& planner) -> Status {
    LANYARD_TRY_SET(const PresentRecord now, planner.present(kUserChats, key));
    if (!now.is_shown()) return fail(Code::kNotFound, "Chat not found");
    storage::RecordQuery query;
    query.collection = kUserMessages;
    query.where = {of_user(caller.user),
                   {"chatId", storage::Comparison::kEqual, {text_value(chat)}}};
    const ClaimPlanner::Mark begin = planner.mark();
    LANYARD_TRY_SET(const bool is_known, planner.has_base(kUserChats, key));
    const auto remove_one = [&](const storage::ReadRecord& message) -> Status {
      LANYARD_TRY_SET(const bool is_seen, planner.has_base(kUserMessages, message.key));
      if (is_known && !is_seen)
        return fail(Code::kConflict, "the chat has messages that this client has not read");
      LANYARD_TRY(planner.remove(kUserMessages, message.key));
      planner.plan().forgotten.push_back({planner.space(), kUserMessages, message.key});
      return {};
    };
    LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, remove_one));
    LANYARD_TRY(planner.remove(kUserChats, key));
    planner.join_since(begin);
    planner.plan().forgotten.push_back({planner.space(), kUserChats, key});
    return {};
  };
  const auto answer = [chat, reply](const Status& done) {
    if (!done) return reply.send(compat_error(done.error()));
    JsonWriter out;
    out.begin_object().member("success", true).member("message", "Chat deleted");
    reply.json(out.member("deletedChatId", chat).end_object().take());
  };
  queue_->add({caller.client(), remove_all, answer});
}

}  // namespace lanyard::agent
