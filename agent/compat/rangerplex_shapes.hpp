#pragma once

#include "agent/compat/chat_returns.hpp"

/// RangerPlex's objects as records, and back: the collections and members are those of an import
/// (agent/import/chat_records.hpp). Pure.
namespace lanyard::agent {

/// A chat as a client posts it.
struct ChatPost {
  std::string id;
  std::vector<JsonMember> members;  ///< without its messages
  /// Nothing: the client says nothing of them.
  std::optional<std::vector<std::string_view>> messages;
};
/// kUsage for what is no JSON object, for one without an id, and for messages that are no array.
[[nodiscard]] Result<ChatPost> read_chat_post(std::string_view json);

/// By what an element of an array is known again: its `id`, a text or an integer. kUsage where it
/// has none, or one that is no key.
[[nodiscard]] Result<std::string> element_key(const JsonObject& element);

/// Whether JavaScript takes the value for true.
[[nodiscard]] bool is_truthy(std::string_view json);

/// The claims of a chat itself, a message, a note. `json` outlives them. What they say of chatId,
/// position and notebook is left out: those are ours.
[[nodiscard]] Result<Claim> chat_claim(const ChatPost& chat, const Hasher& hasher);
[[nodiscard]] Result<Claim> message_claim(std::string_view json, const std::string& chat,
                                          const Hasher& hasher);
[[nodiscard]] Result<Claim> note_claim(std::string_view json, const std::string& notebook,
                                       const Hasher& hasher);
/// Any object that is kept as it is, under a key that its post names.
[[nodiscard]] Result<Claim> object_claim(const std::string& collection, const std::string& key,
                                         std::string_view json, const Hasher& hasher);

/// A setting without its notes: an object's members; any other value, and an object that could be
/// taken for one, as the member `value`, whose text is put into `texts`.
[[nodiscard]] Result<Claim> setting_claim(const std::string& key, std::string_view json,
                                          bool without_notes, std::deque<std::string>& texts,
                                          const Hasher& hasher);
/// The notes of a setting whose value is a notebook, each with an id; nothing: it is none.
[[nodiscard]] std::optional<std::vector<std::string_view>> notes_of(const std::string& key,
                                                                    std::string_view json);
/// Whether a notebook has nothing beside its notes: then it is no record of its own.
[[nodiscard]] bool is_bare_notebook(const Claim& setting,
                                    const std::optional<std::vector<std::string_view>>& notes);

/// As ShownAs has it.
[[nodiscard]] Result<std::vector<ClaimMember>> rangerplex_members(const std::string& collection,
                                                                  std::string_view json,
                                                                  const Hasher& hasher);

/// Where an element stands in its list: by `position`, then by `timestamp`, then by its key.
struct ElementPlace {
  double position = 0;
  double timestamp = 0;
  std::string key;
  friend auto operator<=>(const ElementPlace&, const ElementPlace&) = default;
};
[[nodiscard]] ElementPlace place_of(const std::string& key, const JsonObject& element);
/// A position as it is stored: a whole number where it is one.
[[nodiscard]] Bytes position_value(double position);

/// A setting's value from its record and its notes (each JSON, in order). `record`: empty if there
/// is none.
[[nodiscard]] std::string setting_value(const std::string& key, std::string_view record,
                                        const std::vector<std::string>& notes);
/// Which records a chat and its messages are.
[[nodiscard]] ChatRecords rangerplex_records();
/// {"name":value,...} of the members.
[[nodiscard]] std::string object_text(const std::vector<ClaimMember>& members);

}  // namespace lanyard::agent
