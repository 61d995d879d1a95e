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

bool is_row_time(std::string_view name) {
  return std::find(std::begin(kRowTimes), std::end(kRowTimes), name) != std::end(kRowTimes);
}

std::vector<JsonMember> kept_members(std::string_view collection, const JsonObject& object) {
  std::vector<JsonMember> out;
  for (const JsonMember& member : object.members()) {
    // A date that cannot be read is null once it is JSON.
    const bool says_nothing = is_row_time(member.name) && member.value == "null";
    if (!says_nothing && !is_left_out(collection, member.name)) out.push_back(member);
  }
  return out;
}

bool says_deleted(const JsonObject& message) {
  for (const std::string_view name : {"isDeleted", "is_deleted"})
    if (is_truthy(message.find(name).value_or("false"))) return true;
  return false;
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

Result<Claim> user_message(const JsonObject& object, std::size_t place, MessageList& list) {
  LANYARD_TRY_SET(const std::string id, element_key(object));
  const std::string base = user_key(list.user, list.chat.id, id);
  std::string key = base;
  // One id twice in a list: both are kept.
  for (int copy = 2; !list.keys.insert(key).second; ++copy) key = base + "#" + std::to_string(copy);
  LANYARD_TRY_SET(Claim out, user_claim(kUserMessages, list.user, key, object, list.hasher));
  out.parent = list.chat.key;
  const auto position = object.find("position");
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
    const auto message = JsonObject::parse(each);
    if (!message) return fail(Code::kUsage, "a message is no JSON object");
    LANYARD_TRY_SET(Claim claim, user_message(*message, claims.size() + out.deleted.size(), list));
    if (says_deleted(*message)) {
      out.deleted.push_back(std::move(claim.key));
    } else {
      claims.push_back(std::move(claim));
    }
  }
  out.messages = std::move(claims);
  return out;
}

Result<std::vector<ClaimMember>> chatsync_members(const std::string& collection,
                                                  std::string_view json, const Hasher& hasher) {
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(json));
  std::vector<JsonMember> members = kept_members(collection, object);
  const auto time = object.find("timestamp");
  for (const std::string_view name : kRowTimes) {
    const auto said = object.find(name);
    if (time && (!said || *said == "null")) members.push_back({std::string(name), *time});
  }
  return claimed(members, hasher);
}

ElementPlace chatsync_place(const std::string& key, const JsonObject& message) {
  ElementPlace out = place_of(key, message);
  if (const auto at = time_in(message.find("timestamp").value_or("")))
    out.timestamp = static_cast<double>(*at);
  return out;
}

ChatRecords chatsync_records() {
  const auto id_of = [](const storage::ReadRecord& chat) -> std::optional<std::string> {
    const auto object = JsonObject::parse(chat.json);
    const auto id = object ? element_key(*object) : Result<std::string>(fail(Code::kMalformed));
    return id ? std::optional(*id) : std::nullopt;
  };
  // A message's key is its chat's and one part more.
  const auto chat_of = [](const std::string& message, const std::string& /*id*/) {
    return message.substr(0, message.rfind('/'));
  };
  return {kUserChats, kUserMessages, id_of, chat_of};
}

storage::Condition of_user(const std::string& user) {
  return {"userId", storage::Comparison::kEqual, {text_value(user)}};
}

}  // namespace lanyard::agent
