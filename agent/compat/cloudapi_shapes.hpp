#pragma once

#include "agent/compat/chat_returns.hpp"

/// CloudAPI's rows as records, and back. Times are seconds since 1970. Pure.
namespace lanyard::agent {

inline constexpr const char* kCloudChats = "cloudapi_chats";
inline constexpr const char* kCloudMessages = "cloudapi_messages";
inline constexpr const char* kCloudUsers = "cloudapi_users";
inline constexpr const char* kCloudDevices = "cloudapi_devices";
inline constexpr const char* kCloudConfig = "cloudapi_config";

/// What a client posts of one row.
struct CloudPost {
  std::string collection;
  std::string key;
  std::string text;                 ///< of an object: what the values below point into
  std::vector<JsonMember> members;  ///< all that are kept: without `isDeleted`, and times of null
  std::vector<storage::KeptMember> kept;  ///< secrets, which stay on this device
  bool is_deleted = false;                ///< it says so
  /// Members that a new record has if the client says none.
  std::vector<std::pair<std::string, Bytes>> when_new;
  [[nodiscard]] std::optional<std::string> text_of(std::string_view name) const;
  [[nodiscard]] bool says(std::string_view name) const;
};

/// The id that a post says, if it says one; kUsage for one that is no text, or no key.
[[nodiscard]] Result<std::optional<std::string>> posted_id(const JsonObject& object);
/// Another name for this key: 21 characters, as nanoid makes them.
[[nodiscard]] std::string make_cloud_id(Rng& rng);

/// `object` lives on in the post as a text. The member `id` becomes `key`. kUsage, with the
/// member's name, for what cannot be in its column.
[[nodiscard]] Result<std::shared_ptr<CloudPost>> read_cloud_post(const char* collection,
                                                                 std::string key,
                                                                 const JsonObject& object);
/// kUsage with the first of these that the post does not say.
[[nodiscard]] Status check_said(const CloudPost& post,
                                std::initializer_list<std::string_view> names);

/// What the post says of a record that is not there, or of one that is `now`, whose other members
/// it leaves as they are. Values point into the post, and into `now`.
[[nodiscard]] Result<Claim> cloud_claim(const CloudPost& post, const PresentRecord& now,
                                        const Hasher& hasher);

/// As ShownAs has it.
[[nodiscard]] Result<std::vector<ClaimMember>> cloud_members(std::string_view json,
                                                             const Hasher& hasher);

/// A row as clients get it. `is_deleted`: nothing in collections whose rows have no such column.
[[nodiscard]] std::string cloud_row(const std::string& key, const std::vector<JsonMember>& members,
                                    std::optional<bool> is_deleted);

/// What `since` says, in milliseconds; nothing for none: absent, empty, "undefined", "null", 0.
/// kUsage for what is no number.
[[nodiscard]] Result<std::optional<std::int64_t>> read_since(
    const std::optional<std::string>& since);

/// Which records a chat and its messages are.
[[nodiscard]] ChatRecords cloudapi_records();

/// Values as records keep them.
[[nodiscard]] Bytes cloud_time(std::int64_t ms);

}  // namespace lanyard::agent
