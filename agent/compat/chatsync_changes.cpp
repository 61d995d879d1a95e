#include "agent/compat/chatsync.hpp"
#include "agent/compat/chatsync_shapes.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/element_list.hpp"
#include "agent/json_writer.hpp"

/// What chatsync clients change.
namespace lanyard::agent {
namespace {

Status plan_user_chat(ClaimPlanner& planner, const UserChat& chat) {
  const std::size_t begin = planner.plan().ops.size();
  LANYARD_TRY_SET(const PresentRecord now, planner.present(kUserChats, chat.key));
  LANYARD_TRY_SET(const Standing standing, planner.standing(chat.claim));
  LANYARD_TRY_SET(const Fate fate, planner.add(chat.claim, standing));
  std::vector<PlannedElement> planned;
  std::set<std::string> said;
  if (chat.messages) {
    for (const Claim& message : *chat.messages) {
      // A message says by itself when it was changed; a chat's time says nothing of it.
      LANYARD_TRY_SET(Standing of_message, planner.standing(message));
      of_message.has_base = of_message.has_base || standing.has_base;
      of_message.is_old = of_message.is_old || standing.is_old;
      LANYARD_TRY_SET(PlannedElement one, plan_element(planner, message, of_message));
      planned.push_back(std::move(one));
      said.insert(message.key);
    }
    if (standing.has_base && !standing.is_old)
      LANYARD_TRY(planner.remove_missing(kUserMessages, chat.key, said));
  }
  if (now.is_shown() || !planner.has_edits(begin)) return {};
  if (fate == Fate::kNothing) LANYARD_TRY(planner.restore(kUserChats, chat.key));
  return bring_back(planner, planned);
}

/// The chats of one post, and how many there are.
struct ChatsPost {
  std::string user;
  std::vector<std::string_view> chats;
  std::size_t messages = 0;
  std::size_t ops = 0;
  std::string id = {};  ///< of the last one
};

Status plan_chats(ClaimPlanner& planner, ChatsPost& post) {
  post.messages = 0;
  for (const std::string_view json : post.chats) {
    LANYARD_TRY_SET(const UserChat chat,
                    read_user_chat(post.user, json, planner.plan().texts, planner.hasher()));
    LANYARD_TRY(plan_user_chat(planner, chat));
    if (chat.messages) post.messages += chat.messages->size();
    post.id = chat.id;
    planner.read(json.size());
  }
  post.ops = planner.plan().ops.size();
  return {};
}

ClaimQueue::Job chats_job(const std::string& client, const Posted& body,
                          const std::shared_ptr<ChatsPost>& post,
                          std::function<void(const Status& done)> done) {
  return {client,
          [body, post](ClaimPlanner& planner) {
            planner.plan().let_go = [body] { body->let_go(); };
            return plan_chats(planner, *post);
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
  queue_->add(chats_job(caller.client(), body, post, answer));
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
  queue_->add(chats_job(caller.client(), body, post, answer));
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
    const auto remove_one = [&](const storage::ReadRecord& message) -> Status {
      LANYARD_TRY(planner.remove(kUserMessages, message.key));
      planner.plan().forgotten.push_back({planner.space(), kUserMessages, message.key});
      return {};
    };
    LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, remove_one));
    LANYARD_TRY(planner.remove(kUserChats, key));
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
