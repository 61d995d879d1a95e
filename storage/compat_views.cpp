#include "storage/compat_views.hpp"

#include <algorithm>
#include <string_view>

namespace lanyard::storage {
namespace {

/// A part of a key as it was before "%" and "/" were escaped in it.
std::string unescaped(const std::string& part) {
  return "replace(replace(" + part + ",'%2F','/'),'%25','%')";
}

/// Rows of a collection with keys <user>/<rest>: the two as `owner` and `rest`, and the value.
std::string owned_rows(std::int64_t collection) {
  return "(SELECT " + unescaped("substr(key,1,instr(key,'/')-1)") +
         " AS owner,substr(key,instr(key,'/')+1) AS rest,value FROM lanyard_records WHERE "
         "collection=" +
         std::to_string(collection) + ")";
}

/// Which chats began in which.
std::string branches_rows(const MembersOf& member) {
  return "(SELECT owner AS of_user," + member("parentChatId") + " AS of_chat,json_group_array(" +
         member("id") + ") AS branches FROM " + owned_rows(member.collection) + " WHERE " +
         member("parentChatId") + " IS NOT NULL GROUP BY 1,2)";
}

// Columns as a chatsync server's own database has them. A deleted row has nothing but its key.

std::string chats_select(const MembersOf& member) {
  return "SELECT " + unescaped("rest") + " AS id,owner AS user_id," + member("title") +
         " AS title," + member("timestamp") + " AS timestamp," + member("parentChatId") +
         " AS parent_chat_id," + member("branchFromMessageId") +
         " AS branch_from_message_id,coalesce(branches,'[]') AS branches," + member("createdAt") +
         " AS created_at," + member("updatedAt") +
         " AS updated_at,value IS NULL AS is_deleted FROM " + owned_rows(member.collection) +
         " LEFT JOIN " + branches_rows(member) +
         " ON of_user=owner AND of_chat=" + unescaped("rest");
}

std::string messages_select(const MembersOf& member) {
  return "SELECT coalesce(" + member("id") + "," + unescaped("substr(rest,instr(rest,'/')+1)") +
         ") AS id," + unescaped("substr(rest,1,instr(rest,'/')-1)") +
         " AS chat_id,owner AS user_id," + member("content") + " AS content," + member("role") +
         " AS role," + member("timestamp") + " AS timestamp," + member("position") +
         " AS position," + member("attachments") + " AS attachments," + member("createdAt") +
         " AS created_at," + member("updatedAt") +
         " AS updated_at,value IS NULL AS is_deleted FROM " + owned_rows(member.collection);
}

std::string sync_status_select(const MembersOf& member) {
  return "SELECT owner AS user_id,max(" + member("lastSyncTimestamp") +
         ") AS last_sync_timestamp," + member("deviceId") + " AS device_id," + member("createdAt") +
         " AS created_at," + member("updatedAt") + " AS updated_at FROM " +
         owned_rows(member.collection) + " WHERE value IS NOT NULL GROUP BY 1";
}

struct Recipe {
  const char* name;
  const char* collection;
  std::string (*select)(const MembersOf& member);
};

constexpr Recipe kRecipes[] = {
    {"chats", "chatsync_chats", chats_select},
    {"messages", "chatsync_messages", messages_select},
    {"sync_status", "chatsync_status", sync_status_select},
};

}  // namespace

std::vector<CompatView> compat_views(const std::map<std::string, std::int64_t>& collections,
                                     const ZeroFields& zeros) {
  std::vector<CompatView> out = cloudapi_views(collections, zeros);
  for (const Recipe& recipe : kRecipes) {
    const std::string name = recipe.name;
    const auto found = collections.find(recipe.collection);
    if (found == collections.end() || collections.contains(name)) continue;
    out.push_back({name, "CREATE VIEW " + name + " AS " + recipe.select({found->second, zeros})});
  }
  return out;
}

}  // namespace lanyard::storage
