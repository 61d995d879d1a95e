#include "agent/compat/rangerplex_shapes.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "agent/json_writer.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kNotebookPrefix = "study_notes_";
constexpr std::string_view kChatsCollection = "chats";
constexpr std::string_view kMessagesCollection = "messages";
constexpr std::string_view kNotesCollection = "notes";

Result<JsonObject> an_object(std::string_view json, const char* what) {
  auto object = JsonObject::parse(json);
  if (!object)
    return fail(object.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kUsage,
                std::string(what) + " is no JSON object: " + object.error().detail);
  return object;
}

Status check_element_key(const std::string& key) {
  if (key.empty()) return fail(Code::kUsage, "an id is empty");
  if (key.size() > limits::kKeyBytesMax)
    return fail(Code::kUsage, "an id is longer than 512 bytes");
  return {};
}

bool is_ours(std::string_view collection, std::string_view name) {
  if (collection == kMessagesCollection) return name == "chatId" || name == "position";
  if (collection == kNotesCollection) return name == "notebook" || name == "position";
  return collection == kChatsCollection && name == "messages";
}

std::vector<JsonMember> theirs(std::string_view collection, const JsonObject& object) {
  std::vector<JsonMember> out;
  for (const JsonMember& member : object.members())
    if (!is_ours(collection, member.name)) out.push_back(member);
  return out;
}

bool has_member(const std::vector<ClaimMember>& members, std::string_view name) {
  return std::any_of(members.begin(), members.end(),
                     [&](const ClaimMember& member) { return member.name == name; });
}

/// What the original server gives back whether it was posted or not.
void add_chat_defaults(std::vector<ClaimMember>& members, const Hasher& hasher) {
  std::string_view starred = "false";
  std::string_view chunks = "null";
  for (const ClaimMember& member : members) {
    if (member.name == "isStarred" && is_truthy(member.json)) starred = "true";
    if (member.name == "knowledgeBase") chunks = member.json;
  }
  for (const std::string_view column : {"title", "model"})
    if (!has_member(members, column)) claim(members, column, "null", hasher);
  claim(members, "isStarred", starred, hasher);
  if (!is_truthy(chunks)) claim(members, "knowledgeBase", "[]", hasher);
}

double number_in(const JsonObject& object, std::string_view name) {
  const auto value = object.find(name);
  double out = 0;
  if (!value) return out;
  const auto read = std::from_chars(value->data(), value->data() + value->size(), out);
  return read.ec == std::errc() && std::isfinite(out) ? out : 0;
}

Result<Claim> element_claim(std::string_view collection, std::string_view json,
                            const std::string& parent, const Hasher& hasher) {
  LANYARD_TRY_SET(const JsonObject object, an_object(json, "an element of the list"));
  Claim out;
  out.collection = collection;
  out.parent = parent;
  LANYARD_TRY_SET(out.key, element_key(object));
  LANYARD_TRY_SET(out.members, claimed(theirs(collection, object), hasher));
  return out;
}

/// A record whose one member is `value` is taken for a value that is no object.
bool is_ambiguous(const std::vector<JsonMember>& members) {
  return members.empty() || (members.size() == 1 && members.front().name == "value");
}

std::string members_text(const std::vector<JsonMember>& members) {
  JsonWriter out;
  out.begin_object();
  for (const JsonMember& member : members) out.name(member.name).raw(member.value);
  return out.end_object().take();
}

}  // namespace

// ---- from what clients post

Result<ChatPost> read_chat_post(std::string_view json) {
  LANYARD_TRY_SET(const JsonObject object, an_object(json, "the chat"));
  ChatPost out;
  LANYARD_TRY_SET(out.id, element_key(object));
  for (const JsonMember& member : object.members()) {
    if (member.name != "messages") {
      out.members.push_back(member);
    } else if (is_json_array(member.value)) {
      LANYARD_TRY_SET(out.messages, json_elements(member.value));
    } else if (is_truthy(member.value)) {
      return fail(Code::kUsage, "messages is no array");
    }
  }
  return out;
}

Result<std::string> element_key(const JsonObject& element) {
  const auto id = element.find("id");
  std::string key;
  if (id && is_json_string(*id)) {
    LANYARD_TRY_SET(key, json_string(*id));
  } else if (id && json_integer(*id)) {
    key = std::to_string(*json_integer(*id));
  } else {
    return fail(Code::kUsage, "there is no id, which is a text or a whole number");
  }
  LANYARD_TRY(check_element_key(key));
  return key;
}

bool is_truthy(std::string_view json) {
  if (json == "null" || json == "false" || json == "\"\"") return false;
  double number = 1;
  const auto read = std::from_chars(json.data(), json.data() + json.size(), number);
  return read.ec != std::errc() || number != 0;
}

Result<Claim> chat_claim(const ChatPost& chat, const Hasher& hasher) {
  Claim out;
  out.collection = kChatsCollection;
  out.key = chat.id;
  LANYARD_TRY_SET(out.members, claimed(chat.members, hasher));
  add_chat_defaults(out.members, hasher);
  out.updated_at = updated_at_of(out.members);
  if (out.updated_at == 0) out.updated_at.reset();
  return out;
}

Result<Claim> message_claim(std::string_view json, const std::string& chat, const Hasher& hasher) {
  LANYARD_TRY_SET(Claim out, element_claim(kMessagesCollection, json, chat, hasher));
  out.when_new.emplace_back("chatId", text_value(chat));
  return out;
}

Result<Claim> note_claim(std::string_view json, const std::string& notebook, const Hasher& hasher) {
  LANYARD_TRY_SET(Claim out, element_claim(kNotesCollection, json, notebook, hasher));
  out.updated_at = updated_at_of(out.members);
  out.when_new.emplace_back("notebook", text_value(notebook));
  return out;
}

Result<Claim> object_claim(const std::string& collection, const std::string& key,
                           std::string_view json, const Hasher& hasher) {
  LANYARD_TRY(check_element_key(key));
  LANYARD_TRY_SET(const JsonObject object, an_object(json, "the data"));
  Claim out;
  out.collection = collection;
  out.key = key;
  LANYARD_TRY_SET(out.members, claimed(object.members(), hasher));
  return out;
}

Result<Claim> setting_claim(const std::string& key, std::string_view json, bool without_notes,
                            std::deque<std::string>& texts, const Hasher& hasher) {
  LANYARD_TRY(check_element_key(key));
  Claim out;
  out.collection = "settings";
  out.key = key;
  std::vector<JsonMember> members;
  if (is_json_object(json)) {
    LANYARD_TRY_SET(const JsonObject object, an_object(json, "the value"));
    members = object.members();
    if (without_notes)
      std::erase_if(members, [](const JsonMember& member) { return member.name == "notes"; });
    if (is_ambiguous(members)) {
      texts.push_back(members_text(members));
      members = {{"value", texts.back()}};
    }
  } else {
    members = {{"value", json}};
  }
  LANYARD_TRY_SET(out.members, claimed(members, hasher));
  return out;
}

bool is_bare_notebook(const Claim& setting,
                      const std::optional<std::vector<std::string_view>>& notes) {
  return notes && !notes->empty() && setting.members.size() == 1 &&
         setting.members.front().json == "{}";
}

std::optional<std::vector<std::string_view>> notes_of(const std::string& key,
                                                      std::string_view json) {
  if (!key.starts_with(kNotebookPrefix) || !is_json_object(json)) return std::nullopt;
  const auto object = JsonObject::parse(json);
  const auto notes = object ? object->find("notes") : std::nullopt;
  if (!notes || !is_json_array(*notes)) return std::nullopt;
  auto elements = json_elements(*notes);
  if (!elements) return std::nullopt;
  for (const std::string_view each : *elements) {
    const auto note = JsonObject::parse(each);
    if (!note || !element_key(*note)) return std::nullopt;
  }
  return std::move(*elements);
}

// ---- to what clients are given

Result<std::vector<ClaimMember>> rangerplex_members(const std::string& collection,
                                                    std::string_view json, const Hasher& hasher) {
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(json));
  LANYARD_TRY_SET(auto out, claimed(theirs(collection, object), hasher));
  if (collection == kChatsCollection) add_chat_defaults(out, hasher);
  return out;
}

ElementPlace place_of(const std::string& key, const JsonObject& element) {
  return {number_in(element, "position"), number_in(element, "timestamp"), key};
}

Bytes position_value(double position) {
  Bytes out;
  CanonicalWriter writer(out);
  if (position == std::floor(position) && std::abs(position) < 9e15) {
    writer.integer(static_cast<std::int64_t>(position));
  } else {
    writer.real(position);
  }
  return out;
}

std::string setting_value(const std::string& key, std::string_view record,
                          const std::vector<std::string>& notes) {
  std::vector<JsonMember> members;
  if (const auto object = JsonObject::parse(record)) members = object->members();
  const bool is_one_value = members.size() == 1 && members.front().name == "value";
  if (is_one_value) {
    const std::string_view value = members.front().value;
    const bool may_be_notebook = key.starts_with(kNotebookPrefix) && value == "{}";
    if (notes.empty() && !may_be_notebook) return std::string(value);
    const auto inner = JsonObject::parse(value);
    members = inner ? inner->members() : std::vector<JsonMember>();
  }
  const bool has_own = std::any_of(members.begin(), members.end(),
                                   [](const JsonMember& member) { return member.name == "notes"; });
  JsonWriter out;
  out.begin_object();
  for (const JsonMember& member : members) out.name(member.name).raw(member.value);
  if (key.starts_with(kNotebookPrefix) && !has_own) {
    out.name("notes").begin_array();
    for (const std::string& note : notes) out.raw(note);
    out.end_array();
  }
  return out.end_object().take();
}

ChatRecords rangerplex_records() {
  return {std::string(kChatsCollection), std::string(kMessagesCollection),
          [](const storage::ReadRecord& chat) { return std::optional(chat.key); },
          [](const std::string& /*message*/, const std::string& id) { return id; }};
}

std::string object_text(const std::vector<ClaimMember>& members) {
  JsonWriter out;
  out.begin_object();
  for (const ClaimMember& member : members) out.name(member.name).raw(member.json);
  return out.end_object().take();
}

}  // namespace lanyard::agent
