#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/import/export_reader.hpp"

/// From the JSON texts of an export's parts to records. Pure.
namespace lanyard::agent {

/// A message of a chat: its own members and chatId and position, unless it has them already.
/// kMalformed without an id that can be a key, or with members of those names that say otherwise.
[[nodiscard]] Result<ImportRecord> message_record(const std::string& json,
                                                  const std::string& chat_id,
                                                  std::uint64_t position, const std::string& path);

/// A chat without its messages; `members` are the others, as `"name":value`.
[[nodiscard]] Result<ImportRecord> chat_record(const std::string& id, const std::string& members,
                                               const std::string& path);

/// One setting: an object's members are the record's, so that they merge one by one; any other
/// value, and an object that could be taken for one, is the member `value`. A value of the shape
/// {notes: [...]} under a key that begins "study_notes_" gives one record per note as well, with
/// the members `notebook` (the key) and `position`, and leaves its other members as the setting.
[[nodiscard]] Result<std::vector<ImportRecord>> setting_records(const std::string& key,
                                                                const std::string& json,
                                                                const std::string& path);

}  // namespace lanyard::agent
