#pragma once

#include "agent/json/json_views.hpp"
#include "storage/sql_file.hpp"

/// Whole answers that more than one door gives. Pure.
namespace lanyard::agent {

[[nodiscard]] std::string space_json(const storage::SpaceEntry& space);
/// {"space", "device", "wasMember"}
[[nodiscard]] std::string shared_json(const SpaceService::Shared& shared);
[[nodiscard]] std::string info_json(const SpaceInfo& info);
[[nodiscard]] std::string collections_json(const storage::SpaceNumbers& numbers);
[[nodiscard]] std::string record_json(const storage::ReadRecord& record);
/// {"records", "cursor"}
[[nodiscard]] std::string page_json(const storage::RecordPage& page);
/// {"history", "cursor"}
[[nodiscard]] std::string history_json(const LongReads::History& history);
/// {"indexes": [{"field"}]}
[[nodiscard]] std::string indexes_json(const std::vector<std::string>& fields);
/// {"columns", "rows", "more"}
[[nodiscard]] std::string sql_json(const storage::SqlAnswer& answer);
/// {"count"}
[[nodiscard]] std::string count_json(std::uint64_t count);
/// {"conflicts"}
/// {"id", "space", "collection", "key", "field", "siblings": [...]}: what is visible again.
[[nodiscard]] std::string undone_json(const ConflictService::Undone& undone);
[[nodiscard]] std::string conflicts_json(const ConflictService::Inbox& inbox);
[[nodiscard]] std::string conflict_json(const ConflictService::Listed& conflict);

}  // namespace lanyard::agent
