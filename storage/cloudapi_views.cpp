#include <algorithm>
#include <array>
#include <functional>

#include "storage/compat_views.hpp"
#include "storage/record_key.hpp"

/// Views with the columns of a CloudAPI server's database (docs/COMPAT.md).
namespace lanyard::storage {
namespace {

using Collections = std::map<std::string, std::int64_t>;

/// A member of a record that is deleted, as far as the trash has it.
std::string of_trash(std::string_view name) {
  return "(SELECT json_extract(t.value,'$') FROM lanyard_trash t WHERE t.collection=r.collection "
         "AND t.key=r.key AND t.field='" +
         std::string(name) + "' LIMIT 1)";
}

std::string of_either(const MembersOf& member, std::string_view name) {
  return "CASE WHEN value IS NULL THEN " + of_trash(name) + " ELSE " + member(name) + " END";
}

std::string rows_of(const MembersOf& member) {
  return " FROM lanyard_records r WHERE collection=" + std::to_string(member.collection);
}

/// Columns that are members of the same name.
std::string plain_columns(const MembersOf& member, std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) out += "," + member(name) + " AS " + std::string(name);
  return out;
}

std::string id_column() { return "SELECT " + key_sql("key") + " AS id"; }

std::string user_select(const MembersOf& member) {
  return id_column() +
         plain_columns(member,
                       {"name", "email", "emailVerified", "image", "createdAt", "updatedAt"}) +
         rows_of(member) + " AND value IS NOT NULL";
}

std::string chat_select(const MembersOf& member) {
  return id_column() + plain_columns(member, {"title"}) + "," + of_either(member, "userId") +
         " AS userId" + plain_columns(member, {"createdAt", "updatedAt"}) +
         ",value IS NULL AS isDeleted" + rows_of(member);
}

std::string message_select(const MembersOf& member) {
  return id_column() + "," + of_either(member, "chatId") + " AS chatId" +
         plain_columns(member, {"role", "content", "createdAt"}) + ",value IS NULL AS isDeleted" +
         rows_of(member);
}

std::string device_select(const MembersOf& member) {
  return id_column() +
         plain_columns(member, {"user_id", "fingerprint", "last_sync_at", "created_at"}) +
         rows_of(member) + " AND value IS NOT NULL";
}

std::string sync_config_select(const MembersOf& member) {
  return id_column() +
         plain_columns(member, {"userId", "mode", "autoSync", "syncInterval", "updatedAt"}) +
         rows_of(member) + " AND value IS NOT NULL";
}

struct CloudRecipe {
  const char* name;
  const char* collection;
  std::string (*select)(const MembersOf& member);
};

constexpr std::array kCloudRecipes = std::to_array<CloudRecipe>({
    {"user", "cloudapi_users", user_select},
    {"chat", "cloudapi_chats", chat_select},
    {"message", "cloudapi_messages", message_select},
    {"device", "cloudapi_devices", device_select},
    {"sync_config", "cloudapi_config", sync_config_select},
});

// ---- sync_event: of each row its last change, as far as the row itself tells

/// The byte of `dots` at this place, counted from 1.
std::string byte_at(const std::string& place) {
  const auto digit = [&](const char* which) {
    return "(instr('0123456789ABCDEF',substr(hex(substr(dots," + place + ",1))," + which +
           ",1))-1)";
  };
  return "(" + digit("1") + "*16+" + digit("2") + ")";
}

/// Whether more than one change made the row what it is (docs/STORAGE.md, Blobs: the general form).
std::string is_general() { return "(" + byte_at("1") + "&1)"; }

/// Number of the log whose change stands first in `dots`: behind the flags, or behind the number of
/// heads. One of more than a byte is not read.
std::string first_log() {
  const std::string byte = byte_at("CASE WHEN " + is_general() + " THEN 3 ELSE 2 END");
  return "CASE WHEN " + byte + "<128 THEN " + byte + " END";
}

/// Whose a message is says its chat.
std::string owner_of_message(const MembersOf& member, const Collections& collections) {
  const auto chats = collections.find("cloudapi_chats");
  if (chats == collections.end()) return "NULL";
  return "(SELECT c.userId FROM (" + chat_select({chats->second, member.zeros}) +
         ") c WHERE c.id=" + of_either(member, "chatId") + ")";
}

std::string events_of(const char* type, const MembersOf& member, const std::string& owner) {
  return std::string("SELECT '") + type + "' AS entity_type," + key_sql("key") +
         " AS entity_id,value," + is_general() + " AS is_general," + first_log() +
         " AS log_number,coalesce(" + of_either(member, "updatedAt") + "," +
         of_either(member, "createdAt") + ",0) AS timestamp,coalesce(" + owner + ",'') AS user_id" +
         rows_of(member);
}

std::string all_events(const Collections& collections, const ZeroFields& zeros) {
  std::string out;
  using OwnerSql = std::function<std::string(const MembersOf& member)>;
  const auto add = [&](const char* type, const char* collection, const OwnerSql& owner) {
    const auto found = collections.find(collection);
    if (found == collections.end()) return;
    const MembersOf member{found->second, zeros};
    out += (out.empty() ? "" : " UNION ALL ") + events_of(type, member, owner(member));
  };
  add("user", "cloudapi_users", [](const MembersOf&) { return key_sql("key"); });
  add("chat", "cloudapi_chats", [](const MembersOf& each) { return of_either(each, "userId"); });
  add("message", "cloudapi_messages",
      [&](const MembersOf& each) { return owner_of_message(each, collections); });
  return out;
}

std::string sync_event_select(const std::string& events) {
  return "SELECT entity_type||':'||entity_id AS id,entity_type,entity_id,CASE WHEN value IS NULL "
         "THEN 'delete' WHEN is_general THEN 'update' ELSE 'create' END AS operation,"
         "json_set(value,'$.id',entity_id) AS data,e.timestamp AS timestamp,user_id,"
         "coalesce(lower(hex(device)),'') AS device_id,number IS NOT NULL AND number NOT IN "
         "(SELECT log FROM lanyard_incarnations WHERE log IS NOT NULL) AS synced FROM (" +
         events + ") e LEFT JOIN lanyard_logs ON number=log_number";
}

}  // namespace

std::vector<CompatView> cloudapi_views(const Collections& collections, const ZeroFields& zeros) {
  std::vector<CompatView> out;
  const auto add = [&](const std::string& name, const std::string& select) {
    if (!collections.contains(name)) out.push_back({name, "CREATE VIEW " + name + " AS " + select});
  };
  for (const CloudRecipe& recipe : kCloudRecipes) {
    const auto found = collections.find(recipe.collection);
    if (found != collections.end()) add(recipe.name, recipe.select({found->second, zeros}));
  }
  const std::string events = all_events(collections, zeros);
  if (!events.empty()) add("sync_event", sync_event_select(events));
  return out;
}

bool is_read_by_compat_view(std::string_view view, std::string_view table,
                            std::string_view column) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), column) != names.end();
  };
  if (view != "chat" && view != "message" && view != "sync_event") return false;
  if (table == "lanyard_trash") return is_one_of({"collection", "key", "field", "value"});
  if (view != "sync_event") return false;
  if (table == "lanyard_records") return column == "dots";
  if (table == "lanyard_logs") return is_one_of({"number", "device"});
  return table == "lanyard_incarnations" && column == "log";
}

}  // namespace lanyard::storage
