#include <array>

#include "agent/compat/compat_gate.hpp"
#include "agent/compat/rangerplex.hpp"
#include "agent/compat/rangerplex_posts.hpp"
#include "agent/compat/rangerplex_whole.hpp"
#include "agent/json_writer.hpp"
#include "agent/logging.hpp"
#include "storage/snapshot.hpp"

/// What RangerPlex's clients change, over REST and over the WebSocket alike.
namespace lanyard::agent {
namespace {

constexpr const char* kFullImport = R"({"type":"full_import"})";
constexpr const char* kDataCleared = R"({"type":"data_cleared"})";

HttpAnswer success(std::string_view member = {}, std::string_view value = {}) {
  JsonWriter out;
  out.begin_object().member("success", true);
  if (!member.empty()) out.member(member, value);
  return {200, "application/json", out.end_object().take(), {}};
}

/// Frames that carry one element, or a whole list, of what an export has beside chats.
struct ListedFrame {
  std::string_view type;
  std::string_view name;  ///< in the export
};
constexpr auto kListedFrames = std::to_array<ListedFrame>({
    {"canvas_board_update", "canvasBoards"},
    {"canvas_boards_update", "canvasBoards"},
    {"editor_file_update", "editorFiles"},
    {"study_session_update", "studySessions"},
    {"study_sessions_update", "studySessions"},
    {"win95_state_update", "win95States"},
});

const ExportClass* class_of_frame(const std::string& type) {
  for (const ListedFrame& frame : kListedFrames) {
    if (frame.type != type) continue;
    for (const ExportClass& kind : export_classes())
      if (kind.name == frame.name) return &kind;
  }
  return nullptr;
}

/// One element; or a list, of which what the client has sent on this line before and does not say
/// any more goes. `sent`: what it has sent with this.
Status plan_listed(ClaimPlanner& planner, const ExportClass& kind, std::string_view data,
                   const std::string& user, std::map<std::string, ContentHash>& sent) {
  const std::map<std::string, ContentHash> before = sent;
  const auto one = [&](std::string_view json, const std::string& otherwise) -> Result<std::string> {
    LANYARD_TRY_SET(const Claim claim, listed_claim(planner, kind, json, otherwise));
    LANYARD_TRY_SET(const Standing standing, planner.standing(claim));
    LANYARD_TRY(planner.add(claim, standing));
    sent[claim.key] = content_of(claim.members, planner.hasher());
    return claim.key;
  };
  if (!is_json_array(data)) {
    LANYARD_TRY(one(data, user));
    return {};
  }
  LANYARD_TRY_SET(const auto elements, json_elements(data));
  std::set<std::string> said;
  for (const std::string_view each : elements) {
    LANYARD_TRY_SET(std::string key, one(each, ""));
    said.insert(std::move(key));
  }
  for (const auto& [key, content] : before) {
    if (said.contains(key)) continue;
    LANYARD_TRY(planner.remove_known(std::string(kind.collection), key, content));
    sent.erase(key);
  }
  return {};
}

}  // namespace

// ---- one at a time

void Rangerplex::sync_chat(const std::string& client, Posted text, std::string_view json,
                           const Synced& done) {
  auto chat = read_chat_post(json);
  text->let_go();
  if (!chat) return done(fail(chat.error()));
  const auto kept = std::make_shared<const ChatPost>(std::move(*chat));
  news_->begins("chats", kept->id);
  queue_->add({client,
               [this, kept, text = std::move(text)](ClaimPlanner& planner) {
                 planner.plan().let_go = [text] { text->let_go(); };
                 return plan_chat(planner, *kept, services_.host.wall());
               },
               [self = shared_from_this(), kept, done](const Status& written) {
                 self->news_->ends("chats", kept->id);
                 if (!written) return done(fail(written.error()));
                 self->news_->tell_chat(kept->id);
                 done(kept->id);
               }});
}

void Rangerplex::sync_setting(const std::string& client, Posted text, std::string_view json,
                              const Synced& done) {
  const auto object = JsonObject::parse(json);
  if (!object) return done(fail(Code::kUsage, "the body is no JSON object"));
  const auto key = json_string(object->find("key").value_or(""));
  if (!key || key->empty()) return done(fail(Code::kUsage, "there is no key, which is a text"));
  // The original server keeps nothing as null.
  const std::string_view value = object->find("value").value_or("null");
  news_->begins("settings", *key);
  queue_->add({client,
               [this, key = *key, value, text = std::move(text)](ClaimPlanner& planner) {
                 return plan_setting(planner, key, value, kept_local_);
               },
               [self = shared_from_this(), key = *key, done](const Status& written) {
                 self->news_->ends("settings", key);
                 if (!written) return done(fail(written.error()));
                 self->news_->tell_setting(key);
                 done(key);
               }});
}

void Rangerplex::sync_listed(const std::string& client, const std::string& type, Posted text,
                             std::string_view data, const std::string& user,
                             const std::shared_ptr<SentLists>& sent) {
  const ExportClass* const kind = class_of_frame(type);
  if (kind == nullptr) return;
  const auto now = std::make_shared<SentLists>();
  queue_->add({client,
               [kind, data, user, sent, now, text = std::move(text)](ClaimPlanner& planner) {
                 *now = *sent;
                 return plan_listed(planner, *kind, data, user,
                                    (*now)[std::string(kind->collection)]);
               },
               [type, sent, now](const Status& written) {
                 if (written) *sent = *now;
                 if (!written)
                   log_warning("a frame " + type + " was not applied: " + written.error().detail);
               }});
}

void Rangerplex::post_chat(const std::string& client, const Posted& body, const ApiReply& reply) {
  const std::string_view json = body->view();
  sync_chat(client, body, json, [reply](const Result<std::string>& chat) {
    reply.send(chat ? success("chatId", *chat) : compat_error(chat.error()));
  });
}

void Rangerplex::post_setting(const std::string& client, const Posted& body,
                              const ApiReply& reply) {
  const std::string_view json = body->view();
  sync_setting(client, body, json, [reply](const Result<std::string>& key) {
    reply.send(key ? success() : compat_error(key.error()));
  });
}

void Rangerplex::take_frame(const std::string& client, const std::string& message,
                            std::shared_ptr<void> hold, const std::shared_ptr<SentLists>& sent) {
  SurrogateMender mender;
  std::string mended = mender.take(message);
  mended += mender.end();
  // Until it is written its client says nothing more.
  struct Held {
    explicit Held(std::string said, std::shared_ptr<void> line)
        : text(std::move(said)), hold(std::move(line)) {}
    PostedText text;
    std::shared_ptr<void> hold;
  };
  const auto held = std::make_shared<const Held>(std::move(mended), std::move(hold));
  const std::shared_ptr<const PostedText> text(held, &held->text);
  const auto frame = JsonObject::parse(text->view());
  if (!frame) return;
  const auto type = json_string(frame->find("type").value_or(""));
  const auto data = frame->find("data");
  if (!type || !data) return;
  const auto report = [](const Result<std::string>& done) {
    if (!done)
      log_warning("a frame of a rangerplex client was not applied: " + done.error().detail);
  };
  if (*type == "sync_chat") return sync_chat(client, text, *data, report);
  if (*type == "sync_settings") return sync_setting(client, text, *data, report);
  const auto user = json_string(frame->find("userId").value_or(""));
  sync_listed(client, *type, text, *data, user ? *user : std::string(), sent);
}

// ---- everything

void Rangerplex::after_snapshot(const ApiReply& reply, const std::function<void()>& go) {
  in_space(reply, [self = shared_from_this(), reply, go](const SpaceId& space) {
    ask_storage<std::filesystem::path>(
        self->services_.host,
        [space, folder = self->services_.host.data_dir / "backups",
         now_ms = self->services_.host.wall().ms](storage::Vault& vault) {
          const SpaceId id = vault.stands_for(space);
          return storage::take_snapshot(vault.file_of(id), id, folder, now_ms);
        },
        [reply, go](const Result<std::filesystem::path>& copy) {
          if (!copy) return reply.send(compat_error(copy.error()));
          log_info("a copy of the space was made: " + copy->string());
          go();
        });
  });
}

void Rangerplex::post_import(const std::string& client, const Posted& body, const ApiReply& reply) {
  auto post = read_import(body->view());
  body->let_go();
  if (!post) return reply.send(compat_error(post.error()));
  const auto kept = std::make_shared<const ImportPost>(std::move(*post));
  after_snapshot(reply, [self = shared_from_this(), client, body, kept, reply] {
    self->news_->begins_all();
    self->queue_->add({client,
                       [self, body, kept](ClaimPlanner& planner) {
                         planner.plan().let_go = [body] { body->let_go(); };
                         return plan_import(planner, *kept, self->services_.host.wall(),
                                            self->kept_local_);
                       },
                       [self, kept, reply](const Status& written) {
                         self->news_->ends_all();
                         if (!written) return reply.send(compat_error(written.error()));
                         self->news_->tell(kFullImport);
                         JsonWriter out;
                         out.begin_object().member("success", true);
                         out.member("chatsImported", kept->chats.size()).end_object();
                         reply.json(out.take());
                       }});
  });
}

void Rangerplex::clear(const std::string& client, const ApiReply& reply) {
  after_snapshot(reply, [self = shared_from_this(), client, reply] {
    self->news_->begins_all();
    self->queue_->add({client, plan_clear, [self, reply](const Status& written) {
                         self->news_->ends_all();
                         if (!written) return reply.send(compat_error(written.error()));
                         self->news_->tell(kDataCleared);
                         reply.send(success());
                       }});
  });
}

void Rangerplex::delete_chat(const std::string& client, const std::string& chat,
                             const ApiReply& reply) {
  news_->begins("chats", chat);
  queue_->add({client, [chat](ClaimPlanner& planner) { return plan_chat_delete(planner, chat); },
               [self = shared_from_this(), chat, reply](const Status& written) {
                 self->news_->ends("chats", chat);
                 if (!written) return reply.send(compat_error(written.error()));
                 JsonWriter frame;
                 frame.begin_object().member("type", "chat_deleted").member("chatId", chat);
                 self->news_->tell(frame.end_object().take());
                 reply.send(success());
               }});
}

}  // namespace lanyard::agent
