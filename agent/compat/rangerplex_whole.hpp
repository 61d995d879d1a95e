#pragma once

#include "agent/compat/rangerplex_shapes.hpp"

/// What RangerPlex's clients do to everything at once: import, clear, and deleting a whole chat.
namespace lanyard::agent {

/// A list of an export beside chats and settings, and where it is kept.
struct ExportClass {
  std::string_view name;        ///< in the export
  std::string_view collection;  ///< here
  std::string_view key;         ///< the member by which its elements are known again
};
[[nodiscard]] std::span<const ExportClass> export_classes();

struct ImportPost {
  std::vector<std::string_view> chats;
  std::vector<JsonMember> settings;
  std::vector<std::pair<const ExportClass*, std::vector<std::string_view>>> others;
};
/// RangerPlex's export 2.x, the browser's 4.3.8 and the backup 1.0, as far as they are kept here.
/// kUsage where there are neither chats nor settings, or no list where one belongs.
[[nodiscard]] Result<ImportPost> read_import(std::string_view json);

/// Everything is as the file says: what is not in it goes to the trash. Lists that it does not name
/// stay as they are, but for chats and settings.
[[nodiscard]] Status plan_import(ClaimPlanner& planner, const ImportPost& post, WallTime now,
                                 const std::vector<std::string>& kept_local);
/// All chats and settings that there are now go to the trash.
[[nodiscard]] Status plan_clear(ClaimPlanner& planner);
/// A chat with its messages, as the client knows it; kConflict if others have changed it since.
[[nodiscard]] Status plan_chat_delete(ClaimPlanner& planner, const std::string& chat);

/// An element of such a list, or of a frame. `otherwise`: its key where it has none, which it then
/// says from now on. What of it must not leave this device is kept here.
[[nodiscard]] Result<Claim> listed_claim(ClaimPlanner& planner, const ExportClass& kind,
                                         std::string_view json, const std::string& otherwise);

}  // namespace lanyard::agent
