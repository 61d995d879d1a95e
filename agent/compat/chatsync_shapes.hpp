#pragma once

#include "agent/compat/chat_returns.hpp"
#include "agent/compat/rangerplex_shapes.hpp"

/// A chatsync server's chats as records, and back. Each row belongs to one user, who stands in its
/// key, so that no two users ever have one record, and in its member `userId`. Pure.
namespace lanyard::agent {

inline constexpr const char* kUserChats = "chatsync_chats";
inline constexpr const char* kUserMessages = "chatsync_messages";
inline constexpr const char* kUserStatus = "chatsync_status";

/// The key of a user's row: the parts with a slash between them, "%" and "/" escaped as in a URL.
[[nodiscard]] std::string user_key(const std::string& user, const std::string& id);
[[nodiscard]] std::string user_key(const std::string& user, const std::string& chat,
                                   const std::string& id);

/// A chat of a user, as a client posts it.
struct UserChat {
  std::string id;   ///< the client's
  std::string key;  ///< ours
  Claim claim;
  std::optional<std::vector<Claim>> messages;  ///< nothing: the client says nothing of them
  std::vector<std::string> deleted = {};       ///< keys of messages that say that they are
};
/// kUsage for what is no JSON object, for one without an id, and for messages that are no array.
/// `json` outlives it. What follows from other rows (`branches`) and what is the client's own
/// affair (`lastSyncedAt`) is left out; a message without a `position` gets its place in the list,
/// whose text goes to `texts`.
[[nodiscard]] Result<UserChat> read_user_chat(const std::string& user, std::string_view json,
                                              std::deque<std::string>& texts, const Hasher& hasher);

/// The original's columns have times of their own: members that a row has where its app says none.
inline constexpr std::string_view kRowTimes[] = {"createdAt", "updatedAt"};

/// As ShownAs has it: without what is ours, and with the times that the original would have.
[[nodiscard]] Result<std::vector<ClaimMember>> chatsync_members(const std::string& collection,
                                                                std::string_view json,
                                                                const Hasher& hasher);

/// Where a message stands: by `position`, then by `timestamp`, then by its key.
[[nodiscard]] ElementPlace chatsync_place(const std::string& key, const JsonObject& message);

/// Which records a chat and its messages are.
[[nodiscard]] ChatRecords chatsync_records();

/// The condition that a row is the user's.
[[nodiscard]] storage::Condition of_user(const std::string& user);

}  // namespace lanyard::agent
