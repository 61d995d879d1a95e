#include "agent/compat/rangerplex.hpp"

#include <array>

#include "agent/api/upgrade_request.hpp"
#include "agent/ascii_text.hpp"
#include "agent/build_info.hpp"
#include "agent/compat/chat_listing.hpp"
#include "agent/compat/compat_gate.hpp"
#include "agent/compat/iso_time.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

/// A client on its WebSocket.
class RangerplexTalk : public SocketTalk {
 public:
  RangerplexTalk(std::weak_ptr<Rangerplex> listener, std::weak_ptr<RangerplexNews> news,
                 std::shared_ptr<SocketLine> line, std::string client)
      : listener_(std::move(listener)),
        news_(std::move(news)),
        line_(std::move(line)),
        client_(std::move(client)) {}

  void on_open() override {
    if (const auto news = news_.lock()) news->add(line_);
  }
  void on_text(const std::string& message) override {
    if (const auto listener = listener_.lock())
      listener->take_frame(client_, message, line_->hold_reading(), sent_);
  }
  void on_drained() override {}
  void on_closed() override {
    if (const auto news = news_.lock()) news->remove(line_.get());
    line_.reset();
  }

 private:
  std::weak_ptr<Rangerplex> listener_;
  std::weak_ptr<RangerplexNews> news_;
  std::shared_ptr<SocketLine> line_;
  std::string client_;
  std::shared_ptr<SentLists> sent_ = std::make_shared<SentLists>();
};

ChatLists rangerplex_lists() {
  ChatLists out;
  out.chats = "chats";
  out.messages = "messages";
  out.chat_id = [](const storage::ReadRecord& chat) { return chat.key; };
  out.place = place_of;
  return out;
}

/// The original takes a path in any case, and with a slash at its end.
std::string plain_path(std::string_view path) {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return lower(path);
}

constexpr std::array kRangerplexPorts =
    std::to_array<CompatPort>({{3011, true, false}, {3012, false, true}});

constexpr std::array kRangerplexKind = std::to_array<CompatKind>(
    {{"rangerplex", kRangerplexPorts,
      [](const CompatRoom& room,
         const storage::CompatListener& listener) -> std::shared_ptr<CompatProtocol> {
        return std::make_shared<Rangerplex>(room, listener);
      }}});

}  // namespace

std::span<const CompatKind> rangerplex_kind() { return kRangerplexKind; }

Rangerplex::Rangerplex(const CompatRoom& room, const storage::CompatListener& listener)
    : services_(room.services),
      store_(room.store),
      space_(listener.space),
      kept_local_(listener.kept_local),
      started_(room.services.host.mono()),
      queue_(std::make_shared<ClaimQueue>(
          room.services, room.store, listener.space,
          [&hasher = room.services.hasher](const std::string& collection, std::string_view json) {
            return rangerplex_members(collection, json, hasher);
          })),
      news_(std::make_shared<RangerplexNews>(room.services, room.store, room.after)),
      returns_(std::make_shared<ChatReturns>(room.services, queue_, rangerplex_records())),
      times_(std::make_shared<LatestTimes>(room.services, queue_,
                                           std::vector<std::string>{"chats", "notes"})) {
  news_->watch(listener.space);
  returns_->watch();
  times_->watch();
}

void Rangerplex::close() {
  queue_->close();
  news_->close();
  returns_->close();
  times_->close();
}

// ---- requests

HeadOrder Rangerplex::receive(const CompatPort& port, const HeadView& head) {
  const std::string_view path = head.path();
  const std::string method(head.method == "HEAD" ? "GET" : head.method);
  if (port.serves_socket && method == "GET" && path == "/") return serve_socket(head);
  if (!port.serves_http) return answered(compat_error(404, "there is no such path here"));
  return serve_path(method, path, compat_client("rangerplex", head));
}

HeadOrder Rangerplex::serve_socket(const HeadView& head) {
  if (const auto refuse = refuse_upgrade(head)) {
    HttpAnswer answer = compat_error(refuse->status, refuse->why);
    answer.fields.push_back(refuse->field);
    return answered(std::move(answer));
  }
  HeadOrder out;
  out.upgrade = [self = weak_from_this(), news = std::weak_ptr(news_),
                 client = compat_client("rangerplex", head)](std::shared_ptr<SocketLine> line) {
    return std::make_shared<RangerplexTalk>(self, news, std::move(line), client);
  };
  return out;
}

HeadOrder Rangerplex::serve_path(const std::string& method, std::string_view as_sent,
                                 const std::string& client) {
  const std::string path = plain_path(as_sent);
  if (method == "GET" && path == "/api/chats") return reading(&Rangerplex::get_chats, client);
  if (method == "GET" && path == "/api/settings") return reading(&Rangerplex::get_settings, client);
  if (method == "GET" && (path == "/api/health" || path == "/health"))
    return reading(&Rangerplex::get_health, client);
  if (method == "POST" && path == "/api/sync/chat") return posting(&Rangerplex::post_chat, client);
  if (method == "POST" && path == "/api/sync/settings")
    return posting(&Rangerplex::post_setting, client);
  if (method == "GET" && path == "/api/export") return reading(&Rangerplex::get_export, client);
  if (method == "POST" && path == "/api/import") return posting(&Rangerplex::post_import, client);
  if (method == "DELETE" && path == "/api/clear") return reading(&Rangerplex::clear, client);
  constexpr std::string_view kChatPath = "/api/chat/";
  if (method == "DELETE" && path.starts_with(kChatPath))
    return deleting(as_sent.substr(kChatPath.size(), path.size() - kChatPath.size()), client);
  return answered(compat_error(404, "there is no such path here"));
}

HeadOrder Rangerplex::reading(void (Rangerplex::*read)(const std::string& client,
                                                       const ApiReply& reply),
                              const std::string& client) {
  return plain_order([self = shared_from_this(), read, client](const ApiReply& reply) {
    (*self.*read)(client, reply);
  });
}

HeadOrder Rangerplex::posting(void (Rangerplex::*post)(const std::string& client,
                                                       const Posted& body, const ApiReply& reply),
                              const std::string& client) {
  return posted_order(services_.host.data_dir, [self = shared_from_this(), post, client](
                                                   const Posted& body, const ApiReply& reply) {
    (*self.*post)(client, body, reply);
  });
}

HeadOrder Rangerplex::deleting(std::string_view chat, const std::string& client) {
  const auto name = decoded(chat);
  if (!name || name->empty()) return answered(compat_error(404, "there is no such path here"));
  return plain_order([self = shared_from_this(), chat = *name, client](const ApiReply& reply) {
    self->delete_chat(client, chat, reply);
  });
}

// ---- reading

void Rangerplex::get_chats(const std::string& client, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), client, reply](const SpaceId& space) {
    ChatLists lists = rangerplex_lists();
    lists.to_page = true;
    std::make_shared<ChatListing>(self->services_, space, self->queue_, client, std::move(lists))
        ->start(reply, "[", [](std::size_t) { return "]"; });
  });
}

void Rangerplex::get_settings(const std::string& client, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), client, reply](const SpaceId& space) {
    const auto text = self->settings_text(space, client, true);
    text ? reply.json(*text) : reply.send(compat_error(text.error()));
  });
}

void Rangerplex::get_export(const std::string& client, const ApiReply& reply) {
  in_space(reply, [self = shared_from_this(), client, reply](const SpaceId& space) {
    const auto settings = self->settings_text(space, client, false);
    if (!settings) return reply.send(compat_error(settings.error()));
    const auto others = self->other_classes_text(space);
    if (!others) return reply.send(compat_error(others.error()));
    JsonWriter before;
    before.begin_object().member("version", "2.2.0");
    before.member("exportedAt", self->services_.host.wall().ms).name("chats").begin_array();
    std::string behind = "],\"settings\":" + *settings + *others + "}";
    std::make_shared<ChatListing>(self->services_, space, self->queue_, client, rangerplex_lists())
        ->start(reply, before.take(), [self, behind = std::move(behind)](std::size_t) {
          self->services_.status.exported();
          return behind;
        });
  });
}

void Rangerplex::get_health(const std::string& /*client*/, const ApiReply& reply) {
  const std::int64_t now_ms = services_.host.wall().ms;
  const auto up = services_.host.mono().since_origin - started_.since_origin;
  JsonWriter out;
  out.begin_object().member("status", "ok").member("version", kBuild);
  out.member("timestamp", iso_time(now_ms));
  reply.json(out.member("uptime", up.count() / 1000).end_object().take());
}

}  // namespace lanyard::agent
