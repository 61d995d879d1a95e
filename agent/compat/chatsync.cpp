#include "agent/compat/chatsync.hpp"

#include <array>

#include "agent/compat/chatsync_shapes.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/json_writer.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

constexpr std::array kChatsyncPorts = std::to_array<CompatPort>({{3013, true, false}});

constexpr std::array kChatsyncKind = std::to_array<CompatKind>(
    {{"chatsync", kChatsyncPorts,
      [](const CompatRoom& room,
         const storage::CompatListener& listener) -> std::shared_ptr<CompatProtocol> {
        return std::make_shared<Chatsync>(room, listener);
      }}});

/// Which chats began in which: nothing is kept of it but each chat's own `parentChatId`.
using Branches = std::map<std::string, std::vector<std::string>>;

Result<Branches> branches_of(Services& services, const SpaceId& space, const std::string& user) {
  storage::RecordQuery query;
  query.collection = kUserChats;
  query.where = {of_user(user)};
  Branches out;
  LANYARD_TRY(services.reads.for_each(space, query, [&](const storage::ReadRecord& chat) -> Status {
    LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(chat.json));
    const auto parent = json_string(object.find("parentChatId").value_or(""));
    const auto id = json_string(object.find("id").value_or(""));
    if (parent && id) out[*parent].push_back(*id);
    return {};
  }));
  return out;
}

std::string branches_text(const Branches& branches, const std::string& chat) {
  const auto found = branches.find(chat);
  if (found == branches.end()) return {};
  JsonWriter out;
  return out.begin_object().texts("branches", found->second).take().substr(1) + ",";
}

std::string chat_name(const storage::ReadRecord& chat) {
  return chatsync_records().id(chat).value_or("");
}

}  // namespace

std::span<const CompatKind> chatsync_kind() { return kChatsyncKind; }

Chatsync::Chatsync(const CompatRoom& room, const storage::CompatListener& listener)
    : room_(room),
      services_(room.services),
      space_(listener.space),
      queue_(std::make_shared<ClaimQueue>(
          room.services, room.store, listener.space,
          [&hasher = room.services.hasher](const std::string& collection, std::string_view json) {
            return chatsync_members(collection, json, hasher);
          })),
      returns_(std::make_shared<ChatReturns>(room.services, queue_, chatsync_records())),
      times_(std::make_shared<LatestTimes>(room.services, queue_,
                                           std::vector<std::string>{kUserChats, kUserMessages})) {
  returns_->watch();
  times_->watch();
  index_fields(services_, space_, {{kUserChats, "userId"}, {kUserMessages, "userId"}});
}

void Chatsync::close() {
  queue_->close();
  returns_->close();
  times_->close();
}

// ---- requests

HeadOrder Chatsync::receive(const CompatPort& /*port*/, const HeadView& head) {
  const auto user = token_user(room_, head);
  if (!user) return answered(compat_error(401, "Authentication required"));
  return held_to_token(room_, head, serve(head, Caller{*user}));
}

HeadOrder Chatsync::serve(const HeadView& head, const Caller& caller) {
  const std::string_view path = head.path();
  const std::string_view method = head.method == "HEAD" ? "GET" : head.method;
  if (method == "GET" && path == "/api/sync") return plain(caller, &Chatsync::get_status);
  if (method == "GET" && path == "/api/sync/download") return plain(caller, &Chatsync::download);
  if (method == "POST" && path == "/api/sync") return posted(caller, &Chatsync::sync);
  if (method == "POST" && path == "/api/sync/upload") return posted(caller, &Chatsync::upload);
  if (method == "POST" && path == "/api/sync/upload-chat")
    return posted(caller, &Chatsync::upload_chat);
  if (method == "POST" && path == "/api/auth/signout") return plain(caller, &Chatsync::sign_out);
  if (method == "DELETE" && path == "/api/sync/delete-chat") return serve_delete(head, caller);
  if (method == "DELETE" && path == "/api/user") return plain(caller, &Chatsync::delete_user);
  return answered(compat_error(404, "there is no such path here"));
}

HeadOrder Chatsync::serve_delete(const HeadView& head, const Caller& caller) {
  auto query = QueryText::parse(head.query());
  const auto chat = query ? query->text("chatId") : std::nullopt;
  if (!chat || chat->empty()) return answered(compat_error(400, "Chat ID is required"));
  return plain_order([self = shared_from_this(), caller, chat = *chat](const ApiReply& reply) {
    self->delete_chat(caller, chat, reply);
  });
}

HeadOrder Chatsync::plain(const Caller& caller,
                          void (Chatsync::*go)(const Caller& caller, const ApiReply& reply)) {
  return plain_order([self = shared_from_this(), caller, go](const ApiReply& reply) {
    (*self.*go)(caller, reply);
  });
}

HeadOrder Chatsync::posted(const Caller& caller,
                           void (Chatsync::*go)(const Caller& caller, const Posted& body,
                                                const ApiReply& reply)) {
  return posted_order(services_.host.data_dir, [self = shared_from_this(), caller, go](
                                                   const Posted& body, const ApiReply& reply) {
    (*self.*go)(caller, body, reply);
  });
}

void Chatsync::get_status(const Caller& caller, const ApiReply& reply) {
  with_status(caller, reply, [reply](const std::string& status) { reply.json(status); });
}

void Chatsync::download(const Caller& caller, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), caller, reply](const SpaceId& space) {
    auto branches = branches_of(self->services_, space, caller.user);
    if (!branches) return reply.send(compat_error(branches.error()));
    // A GET changes no record.
    self->synced_[caller.user].last_ms = self->services_.host.wall().ms;
    ChatLists lists;
    lists.chats = kUserChats;
    lists.messages = kUserMessages;
    lists.where = {of_user(caller.user)};
    lists.chat_id = chat_name;
    lists.place = chatsync_place;
    lists.more = [kept = std::move(*branches)](const std::string& chat) {
      return branches_text(kept, chat);
    };
    std::make_shared<ChatListing>(self->services_, space, self->queue_, caller.client(),
                                  std::move(lists))
        ->start(reply, R"({"success":true,"chats":[)",
                [](std::size_t count) { return "],\"count\":" + std::to_string(count) + "}"; });
  });
}

// ---- users

/// The token goes last: who is told that something failed can try again with it.
void Chatsync::sign_out(const Caller& caller, const ApiReply& reply) {
  clear_status(caller.user, [self = shared_from_this(), caller, reply](const Status& cleared) {
    if (!cleared) return reply.send(compat_error(cleared.error()));
    self->room_.tokens.revoke(to_hex(caller.token.view()), [reply](const auto& revoked) {
      revoked ? reply.json(R"({"success":true})") : reply.send(compat_error(revoked.error()));
    });
  });
}

void Chatsync::delete_user(const Caller& caller, const ApiReply& reply) {
  const auto counts = std::make_shared<std::map<std::string, std::size_t>>();
  const auto trash_all = [caller, counts](ClaimPlanner& planner) -> Status {
    counts->clear();
    for (const char* const collection : {kUserChats, kUserMessages, kUserStatus}) {
      storage::RecordQuery query;
      query.collection = collection;
      query.where = {of_user(caller.user)};
      const auto trash_one = [&](const storage::ReadRecord& record) {
        ++(*counts)[collection];
        return planner.trash(record);
      };
      LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, trash_one));
    }
    return {};
  };
  const auto answer = [self = shared_from_this(), caller, counts, reply](const Status& done) {
    if (!done) return reply.send(compat_error(done.error()));
    self->synced_.erase(caller.user);
    self->room_.tokens.revoke_user(caller.user, [counts, reply](const auto& revoked) {
      if (!revoked) return reply.send(compat_error(revoked.error()));
      JsonWriter out;
      out.begin_object().member("success", true);
      out.member("deletedChats", (*counts)[kUserChats]);
      reply.json(out.member("deletedMessages", (*counts)[kUserMessages]).end_object().take());
    });
  };
  queue_->add({caller.client(), trash_all, answer});
}

}  // namespace lanyard::agent
