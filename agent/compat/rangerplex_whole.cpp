#include "agent/compat/rangerplex_whole.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "agent/compat/positions.hpp"
#include "agent/compat/rangerplex_posts.hpp"
#include "agent/compat/withheld.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::array kExportClasses = std::to_array<ExportClass>({
    {"canvasBoards", "canvas_boards", "id"},
    {"win95States", "win95_states", "userId"},
    {"studySessions", "study_sessions", "id"},
    {"editorFiles", "editor_files", "id"},
    {"editorFolders", "editor_folders", "id"},
    {"users", "users", "username"},
});

constexpr std::string_view kUsers = "users";

/// The later servers' names for what the first one calls otherwise.
std::string original_name(const std::string& name) {
  if (name == "knowledge_base") return "knowledgeBase";
  if (name == "updated_at") return "updatedAt";
  return name == "is_starred" ? "isStarred" : name;
}

void take_original_names(ChatPost& chat) {
  const auto has = [&](const std::string& name) {
    return std::any_of(chat.members.begin(), chat.members.end(),
                       [&](const JsonMember& member) { return member.name == name; });
  };
  for (JsonMember& member : chat.members)
    if (const std::string name = original_name(member.name); !has(name)) member.name = name;
}

Result<std::vector<std::string_view>> list_of(const JsonObject& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value || !is_truthy(*value)) return std::vector<std::string_view>();
  if (!is_json_array(*value)) return fail(Code::kUsage, std::string(name) + " is no array");
  return json_elements(*value);
}

/// The boards of the browser's export 4.3.8 that lay in its local storage alone. Of a board that is
/// in both lists the shared one counts.
Status add_local_boards(const JsonObject& object, ImportPost& post) {
  LANYARD_TRY_SET(const auto local, list_of(object, "localCanvasBoards"));
  if (local.empty()) return {};
  const ExportClass* const boards = kExportClasses.data();
  const auto is_list = [&](const auto& each) { return each.first == boards; };
  auto found = std::find_if(post.others.begin(), post.others.end(), is_list);
  if (found == post.others.end())
    found = post.others.insert(post.others.end(), {boards, std::vector<std::string_view>()});
  const auto id_of = [&](std::string_view board) -> std::string {
    const auto members = JsonObject::parse(board);
    return members ? std::string(members->find(boards->key).value_or("")) : std::string();
  };
  std::set<std::string> shared;
  for (const std::string_view board : found->second) shared.insert(id_of(board));
  for (const std::string_view board : local)
    if (!shared.contains(id_of(board))) found->second.push_back(board);
  return {};
}

/// Which keys are to stay, by collection.
using KeptKeys = std::map<std::string, std::set<std::string>>;

/// Elements of a list in the list's own order.
Status import_elements(ClaimPlanner& planner, std::vector<Claim> claims, KeptKeys& kept) {
  std::vector<std::optional<double>> known;
  for (Claim& claim : claims) {
    auto& used = kept[claim.collection];
    LANYARD_TRY_SET(const auto parent, planner.known_parent(claim.collection, claim.key));
    claim.key = own_key(claim, parent, used);
    used.insert(claim.key);
    LANYARD_TRY_SET(const PresentRecord now, planner.present(claim.collection, claim.key));
    const auto object = JsonObject::parse(now.record->json);
    known.push_back(object ? std::optional(place_of(claim.key, *object).position) : std::nullopt);
  }
  const std::vector<double> places = placed_in_order(known);
  for (std::size_t at = 0; at < claims.size(); ++at) {
    NamedValues ours;
    if (known[at] != places[at]) ours.emplace_back("position", position_value(places[at]));
    LANYARD_TRY(planner.replace(claims[at], ours));
  }
  return {};
}

/// All chats and messages go but these; a chat's messages in one change with it, so that all of it
/// comes back if somebody goes on with it.
Status trash_chats_but(ClaimPlanner& planner, const std::set<std::string>& kept_chats,
                       const std::set<std::string>& kept_messages) {
  std::map<std::string, std::vector<storage::ReadRecord>> gone;
  const auto gather = [&](storage::ReadRecord&& message) -> Status {
    if (kept_messages.contains(message.key)) return {};
    const auto object = JsonObject::parse(message.json);
    const auto chat = object ? object->find("chatId") : std::nullopt;
    message.json.clear();
    gone[json_string(chat.value_or("")).value_or("")].push_back(std::move(message));
    return {};
  };
  storage::RecordQuery query;
  query.collection = "messages";
  LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, gather));
  query.collection = "chats";
  const auto trash_one = [&](storage::ReadRecord&& chat) -> Status {
    if (kept_chats.contains(chat.key)) return {};
    const ClaimPlanner::Mark begin = planner.mark();
    LANYARD_TRY(planner.trash(chat));
    for (const storage::ReadRecord& message : gone[chat.key]) LANYARD_TRY(planner.trash(message));
    gone.erase(chat.key);
    planner.join_since(begin);
    return {};
  };
  LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, trash_one));
  for (const auto& [chat, messages] : gone)
    for (const storage::ReadRecord& message : messages) LANYARD_TRY(planner.trash(message));
  return {};
}

Status import_chat(ClaimPlanner& planner, std::string_view json, WallTime now, KeptKeys& kept) {
  LANYARD_TRY_SET(ChatPost chat, read_chat_post(json));
  take_original_names(chat);
  LANYARD_TRY_SET(Claim claim, chat_claim(chat, planner.hasher()));
  if (!kept["chats"].insert(chat.id).second)
    return fail(Code::kUsage, "the id of a chat stands there twice");
  if (!claim.updated_at) {
    LANYARD_TRY_SET(const PresentRecord there, planner.present(claim.collection, claim.key));
    add_time(planner, claim, there, now);
  }
  LANYARD_TRY(planner.replace(claim, {}));
  std::vector<Claim> messages;
  for (const std::string_view each : chat.messages.value_or(std::vector<std::string_view>())) {
    LANYARD_TRY_SET(Claim message, message_claim(each, chat.id, planner.hasher()));
    messages.push_back(std::move(message));
    planner.read(each.size());
  }
  return import_elements(planner, std::move(messages), kept);
}

Status import_setting(ClaimPlanner& planner, const JsonMember& setting, KeptKeys& kept,
                      const std::vector<std::string>& kept_local) {
  kept["settings"].insert(setting.name);
  LANYARD_TRY_SET(const auto json,
                  setting_to_sync(planner, setting.name, setting.value, kept_local));
  if (!json) return {};
  const auto notes = notes_of(setting.name, *json);
  LANYARD_TRY_SET(Claim claim, setting_claim(setting.name, *json, notes.has_value(),
                                             planner.plan().texts, planner.hasher()));
  if (!is_bare_notebook(claim, notes)) LANYARD_TRY(planner.replace(claim, {}));
  if (!notes) return {};
  std::vector<Claim> claims;
  for (const std::string_view each : *notes) {
    LANYARD_TRY_SET(Claim note, note_claim(each, setting.name, planner.hasher()));
    claims.push_back(std::move(note));
  }
  return import_elements(planner, std::move(claims), kept);
}

}  // namespace

std::span<const ExportClass> export_classes() { return kExportClasses; }

Result<Claim> listed_claim(ClaimPlanner& planner, const ExportClass& kind, std::string_view json,
                           const std::string& otherwise) {
  auto& texts = planner.plan().texts;
  const auto object = JsonObject::parse(json);
  if (!object) return fail(Code::kUsage, "the data is no JSON object");
  auto key = json_string(object->find(kind.key).value_or(""));
  if (!key) key = element_key(*object);
  const bool has_key = key.has_value();
  if (!has_key) key = otherwise;
  if (key->empty()) return fail(Code::kUsage, "the data has no id");
  const std::string collection(kind.collection);
  if (collection == kUsers) {
    Withheld withheld = withhold(json, {});
    LANYARD_TRY(planner.keep(collection, *key, std::move(withheld.kept)));
    json = texts.emplace_back(std::move(withheld.json));
  }
  LANYARD_TRY_SET(Claim out, object_claim(collection, *key, json, planner.hasher()));
  if (!has_key) {
    append_json_string(otherwise, texts.emplace_back());
    claim(out.members, kind.key, texts.back(), planner.hasher());
  }
  return out;
}

Result<ImportPost> read_import(std::string_view json) {
  const auto object = JsonObject::parse(json);
  if (!object) return fail(Code::kUsage, "the body is no JSON object");
  if (!object->find("chats") && !object->find("settings"))
    return fail(Code::kUsage, "there are neither chats nor settings: it is not an export");
  ImportPost out;
  LANYARD_TRY_SET(out.chats, list_of(*object, "chats"));
  if (const auto settings = object->find("settings"); settings && is_truthy(*settings)) {
    const auto values = JsonObject::parse(*settings);
    if (!values) return fail(Code::kUsage, "settings is no object");
    out.settings = values->members();
  }
  for (const ExportClass& kind : kExportClasses) {
    if (!object->find(kind.name)) continue;
    LANYARD_TRY_SET(auto elements, list_of(*object, kind.name));
    out.others.emplace_back(&kind, std::move(elements));
  }
  LANYARD_TRY(add_local_boards(*object, out));
  return out;
}

Status plan_import(ClaimPlanner& planner, const ImportPost& post, WallTime now,
                   const std::vector<std::string>& kept_local) {
  KeptKeys kept;
  for (const std::string_view chat : post.chats) LANYARD_TRY(import_chat(planner, chat, now, kept));
  for (const JsonMember& setting : post.settings)
    LANYARD_TRY(import_setting(planner, setting, kept, kept_local));
  LANYARD_TRY(trash_chats_but(planner, kept["chats"], kept["messages"]));
  for (const char* const collection : {"settings", "notes"})
    LANYARD_TRY(planner.trash_all_but(collection, kept[collection]));
  LANYARD_TRY(planner.keep_none_but("settings", kept["settings"]));
  for (const auto& [kind, elements] : post.others) {
    const std::string collection(kind->collection);
    for (const std::string_view each : elements) {
      LANYARD_TRY_SET(const Claim claim, listed_claim(planner, *kind, each, ""));
      kept[collection].insert(claim.key);
      LANYARD_TRY(planner.replace(claim, {}));
    }
    LANYARD_TRY(planner.trash_all_but(collection, kept[collection]));
    LANYARD_TRY(planner.keep_none_but(collection, kept[collection]));
  }
  return {};
}

Status plan_clear(ClaimPlanner& planner) {
  LANYARD_TRY(trash_chats_but(planner, {}, {}));
  for (const char* const collection : {"settings", "notes"})
    LANYARD_TRY(planner.trash_all_but(collection, {}));
  return planner.keep_none_but("settings", {});
}

Status plan_chat_delete(ClaimPlanner& planner, const std::string& chat) {
  const ClaimPlanner::Mark begin = planner.mark();
  LANYARD_TRY_SET(const bool is_known, planner.has_base("chats", chat));
  LANYARD_TRY(planner.remove("chats", chat));
  storage::RecordQuery query;
  query.collection = "messages";
  query.where = {{"chatId", storage::Comparison::kEqual, {text_value(chat)}}};
  const auto remove_one = [&](const storage::ReadRecord& record) -> Status {
    LANYARD_TRY_SET(const bool is_seen, planner.has_base("messages", record.key));
    if (is_known && !is_seen)
      return fail(Code::kConflict, "the chat has messages that this client has not read");
    LANYARD_TRY(planner.remove("messages", record.key));
    planner.plan().forgotten.push_back({planner.space(), "messages", record.key});
    return {};
  };
  LANYARD_TRY(planner.services().reads.for_each(planner.space(), query, remove_one));
  planner.join_since(begin);
  planner.plan().forgotten.push_back({planner.space(), "chats", chat});
  return {};
}

}  // namespace lanyard::agent
