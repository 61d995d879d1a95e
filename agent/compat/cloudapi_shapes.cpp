#include "agent/compat/cloudapi_shapes.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/compat/withheld.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kNanoidAlphabet =
    "useandom-26T198340PX75pxJACKVERYMINDBUSHWOLF_GQZbfghjklqvwyzrict";
constexpr std::size_t kNanoidSize = 21;
static_assert(kNanoidAlphabet.size() == 64);
/// As far as a double has whole milliseconds: the year 9999 and more.
constexpr std::int64_t kSecondsMax = 253'402'300'799;

/// What a column holds. Anything but a time may be null only where that is said.
enum class CloudType : std::uint8_t { kText, kTextOrNull, kTime, kRole, kMode, kFlag, kInterval };

struct CloudColumn {
  std::string_view collection;
  std::string_view name;
  CloudType type;
};

constexpr std::array kCloudColumns = std::to_array<CloudColumn>({
    {kCloudChats, "title", CloudType::kTextOrNull},
    {kCloudChats, "userId", CloudType::kText},
    {kCloudChats, "createdAt", CloudType::kTime},
    {kCloudChats, "updatedAt", CloudType::kTime},
    {kCloudMessages, "chatId", CloudType::kText},
    {kCloudMessages, "role", CloudType::kRole},
    {kCloudMessages, "content", CloudType::kText},
    {kCloudMessages, "createdAt", CloudType::kTime},
    {kCloudUsers, "name", CloudType::kTextOrNull},
    {kCloudUsers, "email", CloudType::kTextOrNull},
    {kCloudUsers, "image", CloudType::kTextOrNull},
    {kCloudUsers, "createdAt", CloudType::kTime},
    {kCloudUsers, "updatedAt", CloudType::kTime},
    {kCloudDevices, "user_id", CloudType::kText},
    {kCloudDevices, "fingerprint", CloudType::kText},
    {kCloudDevices, "last_sync_at", CloudType::kTime},
    {kCloudDevices, "created_at", CloudType::kTime},
    {kCloudConfig, "userId", CloudType::kText},
    {kCloudConfig, "mode", CloudType::kMode},
    {kCloudConfig, "autoSync", CloudType::kFlag},
    {kCloudConfig, "syncInterval", CloudType::kInterval},
    {kCloudConfig, "updatedAt", CloudType::kTime},
});

bool is_in(std::initializer_list<std::string_view> values, std::string_view json) {
  return std::find(values.begin(), values.end(), json) != values.end();
}

bool is_number_up_to(std::string_view json, std::int64_t min, std::int64_t max) {
  const auto number = json_integer(json);
  return number && *number >= min && *number <= max;
}

bool can_hold(CloudType type, std::string_view json) {
  switch (type) {
    case CloudType::kText: return is_json_string(json) && json != "\"\"";
    case CloudType::kTextOrNull: return is_json_string(json) || json == "null";
    case CloudType::kTime: return is_number_up_to(json, 0, kSecondsMax);
    case CloudType::kRole: return is_in({"\"user\"", "\"assistant\"", "\"system\""}, json);
    case CloudType::kMode: return is_in({"\"local-only\"", "\"cloud-only\"", "\"hybrid\""}, json);
    case CloudType::kFlag: return is_in({"true", "false", "0", "1"}, json);
    case CloudType::kInterval: return is_number_up_to(json, 1, 86'400'000);
  }
  return false;
}

const CloudColumn* column_of(std::string_view collection, std::string_view name) {
  for (const CloudColumn& column : kCloudColumns)
    if (column.collection == collection && column.name == name) return &column;
  return nullptr;
}

/// The content of a message may be empty: it is one that is being written.
bool may_be_empty(const CloudColumn& column) { return column.name == "content"; }

Status add_cloud_member(CloudPost& post, const JsonMember& member) {
  const CloudColumn* const column = column_of(post.collection, member.name);
  if (column != nullptr) {
    if (column->type == CloudType::kTime && member.value == "null") return {};
    const bool is_good =
        can_hold(column->type, member.value) || (may_be_empty(*column) && member.value == "\"\"");
    if (!is_good) return fail(Code::kUsage, member.name + " has a value that it cannot have");
  }
  post.members.push_back(member);
  return {};
}

std::string text_of_members(const std::string& key, const JsonObject& object) {
  JsonWriter out;
  out.begin_object().member("id", key);
  for (const JsonMember& member : object.members())
    if (member.name != "id") out.name(member.name).raw(member.value);
  return out.end_object().take();
}

}  // namespace

std::optional<std::string> CloudPost::text_of(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name != name) continue;
    const auto value = json_string(member.value);
    return value ? std::optional(*value) : std::nullopt;
  }
  return std::nullopt;
}

bool CloudPost::says(std::string_view name) const {
  return std::any_of(members.begin(), members.end(),
                     [&](const JsonMember& member) { return member.name == name; });
}

Result<std::optional<std::string>> posted_id(const JsonObject& object) {
  const auto json = object.find("id");
  if (!json || *json == "null") return std::optional<std::string>();
  const auto id = json_string(*json);
  if (!id || id->empty()) return fail(Code::kUsage, "id is a text");
  if (id->size() > limits::kKeyBytesMax)
    return fail(Code::kUsage, "the id is too long: it has more than 512 bytes");
  return std::optional(*id);
}

std::string make_cloud_id(Rng& rng) {
  std::array<std::uint8_t, kNanoidSize> random{};
  rng.fill(random);
  std::string out;
  for (const std::uint8_t byte : random) out += kNanoidAlphabet[byte % kNanoidAlphabet.size()];
  return out;
}

Result<std::shared_ptr<CloudPost>> read_cloud_post(const char* collection, std::string key,
                                                   const JsonObject& object) {
  auto out = std::make_shared<CloudPost>();
  out->collection = collection;
  out->key = std::move(key);
  out->text = text_of_members(out->key, object);
  if (out->collection == kCloudUsers) {
    Withheld withheld = withhold(out->text, {});
    out->text = std::move(withheld.json);
    out->kept = std::move(withheld.kept);
  }
  LANYARD_TRY_SET(const JsonObject kept, JsonObject::parse(out->text));
  for (const JsonMember& member : kept.members()) {
    if (member.name == "isDeleted") {
      out->is_deleted = member.value == "true" || member.value == "1";
    } else {
      LANYARD_TRY(add_cloud_member(*out, member));
    }
  }
  return out;
}

Status check_said(const CloudPost& post, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (!post.says(name)) return fail(Code::kUsage, std::string(name) + " is required");
  return {};
}

Result<Claim> cloud_claim(const CloudPost& post, const PresentRecord& now, const Hasher& hasher) {
  Claim out;
  out.collection = post.collection;
  out.key = post.key;
  LANYARD_TRY_SET(out.members, claimed(post.members, hasher));
  for (const ClaimMember& member : now.members)
    if (!post.says(member.name)) claim(out.members, member.name, member.json, hasher);
  out.updated_at = updated_at_of(out.members);
  if (now.is_shown()) return out;
  for (const auto& each : post.when_new)
    if (!post.says(each.first)) out.when_new.push_back(each);
  return out;
}

Result<std::vector<ClaimMember>> cloud_members(std::string_view json, const Hasher& hasher) {
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(json));
  return claimed(object.members(), hasher);
}

std::string cloud_row(const std::string& key, const std::vector<JsonMember>& members,
                      std::optional<bool> is_deleted) {
  JsonWriter out;
  out.begin_object().member("id", key);
  for (const JsonMember& member : members)
    if (member.name != "id" && !(is_deleted && member.name == "isDeleted"))
      out.name(member.name).raw(member.value);
  if (is_deleted) out.member("isDeleted", *is_deleted);
  return out.end_object().take();
}

Result<std::optional<std::int64_t>> read_since(const std::optional<std::string>& since) {
  if (!since || is_in({"", "undefined", "null"}, *since)) return std::optional<std::int64_t>();
  double seconds = 0;
  const auto read = std::from_chars(since->data(), since->data() + since->size(), seconds);
  const bool is_number = read.ec == std::errc() && read.ptr == since->data() + since->size() &&
                         seconds >= 0 && seconds <= 1e15;
  if (!is_number) return fail(Code::kUsage, "since is a time in seconds since 1970");
  if (seconds == 0) return std::optional<std::int64_t>();
  return std::optional(static_cast<std::int64_t>(seconds * 1000));
}

ChatRecords cloudapi_records() {
  return {kCloudChats, kCloudMessages,
          [](const storage::ReadRecord& chat) { return std::optional(chat.key); },
          [](const std::string& /*message*/, const std::string& id) { return id; }, true};
}

Bytes cloud_time(std::int64_t ms) {
  Bytes out;
  CanonicalWriter(out).integer(ms / 1000);
  return out;
}

}  // namespace lanyard::agent
