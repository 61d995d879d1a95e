#include "agent/compat/chatsync_shapes.hpp"

#include <algorithm>
#include <set>

#include "agent/compat/iso_time.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

void append_key_part(std::string_view part, std::string& out) {
  for (const char c : part) {
    if (c == '%') {
      out += "%25";
    } else if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
}

Status check_user_key(const std::string& key) {
  if (key.size() <= limits::kKeyBytesMax) return {};
  return fail(Code::kUsage, "an id is too long: with its user and chat it has more than 512 bytes");
}

bool is_left_out(std::string_view collection, std::string_view name) {
  if (name == "userId") return true;
  if (collection == kUserChats)
    return name == "messages" || name == "branches" || name == "lastSyncedAt";
  return collection == kUserMessages && name == "chatId";
}

std::vector<JsonMember> kept_members(std::string_view collection, const JsonObject& object) {
  std::vector<JsonMember> out;
  for (const JsonMember& member : object.members())
    if (!is_left_out(collection, member.name)) out.push_back(member);
  return out;
}

Result<Claim> user_claim(const char* collection, const std::string& user, std::string key,
                         const JsonObject& object, const Hasher& hasher) {
  LANYARD_TRY(check_user_key(key));
  Claim out;
  out.collection = collection;
  out.key = std::move(key);
  LANYARD_TRY_SET(out.members, claimed(kept_members(collection, object), hasher));
  out.updated_at = updated_at_of(out.members);
  out.when_new.emplace_back("userId", text_value(user));
  return out;
}

struct MessageList {
  const std::string& user;
  const UserChat& chat;
  std::deque<std::string>& texts;
  const Hasher& hasher;
  std::set<std::string> keys = {};
};

Result<Claim> user_message(std::string_view json, std::size_t place, MessageList& list) {
  const auto object = JsonObject::parse(json);
  if (!object) return fail(Code::kUsage, "a message is no JSON object");
  LANYARD_TRY_SET(const std::string id, element_key(*object));
  const std::string base = user_key(list.user, list.chat.id, id);
  std::string key = base;
  // One id twice in a list: both are kept.
  for (int copy = 2; !list.keys.insert(key).second; ++copy) key = base + "#" + std::to_string(copy);
  LANYARD_TRY_SET(Claim out, user_claim(kUserMessages, list.user, key, *object, list.hasher));
  out.parent = list.chat.key;
  const auto position = object->find("position");
  if (!position || *position == "null") {
    list.texts.push_back(std::to_string(place));
    claim(out.members, "position", list.texts.back(), list.hasher);
  }
  out.when_new.emplace_back("chatId", text_value(list.chat.id));
  return out;
}

}  // namespace

std::string user_key(const std::string& user, const std::string& id) {
  std::string out;
  append_key_part(user, out);
  out += '/';
  append_key_part(id, out);
  return out;
}

std::string user_key(const std::string& user, const std::string& chat, const std::string& id) {
  std::string out = user_key(user, chat) + '/';
  append_key_part(id, out);
  return out;
}

Result<UserChat> read_user_chat(const std::string& user, std::string_view json,
                                std::deque<std::string>& texts, const Hasher& hasher) {
  const auto object = JsonObject::parse(json);
  if (!object)
    return fail(object.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kUsage,
                "a chat is no JSON object: " + object.error().detail);
  UserChat out;
  LANYARD_TRY_SET(out.id, element_key(*object));
  out.key = user_key(user, out.id);
  LANYARD_TRY_SET(out.claim, user_claim(kUserChats, user, out.key, *object, hasher));
  const auto messages = object->find("messages");
  if (!messages || !is_truthy(*messages)) return out;
  if (!is_json_array(*messages)) return fail(Code::kUsage, "messages is no array");
  LANYARD_TRY_SET(const auto elements, json_elements(*messages));
  MessageList list{user, out, texts, hasher};
  std::vector<Claim> claims;
  for (const std::string_view each : elements) {
    LANYARD_TRY_SET(Claim message, user_message(each, claims.size(), list));
    claims.push_back(std::move(message));
  }
  out.messages = std::move(claims);
  return out;
}

Result<std::vector<ClaimMember>> chatsync_members(const std::string& collection,
                                                  std::string_view json, const Hasher& hasher) {
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(json));
  return claimed(kept_members(collection, object), hasher);
}

ElementPlace chatsync_place(const std::string& key, const JsonObject& message) {
  ElementPlace out = place_of(key, message);
  if (const auto at = time_in(message.find("timestamp").value_or("")))
    out.timestamp = static_cast<double>(*at);
  return out;
}

storage::Condition of_user(const std::string& user) {
  return {"userId", storage::Comparison::kEqual, {text_value(user)}};
}

}  // namespace lanyard::agent
