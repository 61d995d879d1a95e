#pragma once

#include "agent/json_writer.hpp"
#include "agent/service/conflict_service.hpp"
#include "agent/service/device_service.hpp"
#include "agent/service/fork_service.hpp"
#include "agent/service/long_reads.hpp"
#include "agent/service/space_service.hpp"
#include "agent/service/status_service.hpp"

/// How the services' answers look as JSON: for the control socket, and for what comes after it.
/// Text from elsewhere is written as it is; whoever shows it escapes it. Pure.
namespace lanyard::agent {

/// Names may be any bytes in old stores: JSON wants UTF-8.
[[nodiscard]] std::string utf8_or_escaped(std::string_view text);

/// "hybrid", "local-only", "peer-required".
[[nodiscard]] const char* mode_text(storage::SyncMode mode);
/// The same backwards; "cloud-only" is CloudAPI's word for peer-required.
[[nodiscard]] std::optional<storage::SyncMode> sync_mode_from_text(std::string_view text);

void write_device(const DeviceView& device, JsonWriter& out);
void write_space(const storage::SpaceEntry& space, JsonWriter& out);
/// `"collections": [{name, records}]`: those with records to show.
void write_collections(const storage::SpaceNumbers& numbers, JsonWriter& out);
void write_info(const SpaceInfo& info, JsonWriter& out);
/// As clients call it: "put", "set-add".
[[nodiscard]] const char* op_name(oplog::OpKind kind);
void write_fork(const ForkView& fork, JsonWriter& out);
/// The member "change": {"log", "seq"}.
void write_change(const Dot& dot, JsonWriter& out);
void write_record(const storage::ReadRecord& record, JsonWriter& out);
void write_conflict(const ConflictService::Listed& listed, JsonWriter& out);
/// Its members alone; and "base", of a conflict that was shown.
void write_conflict_members(const ConflictService::Listed& listed, JsonWriter& out);
void write_base(const ConflictService::Listed& listed, JsonWriter& out);
/// The members "devices", "spaces", "moreSpaces", "conflicts", "notYetThere", "counters" and
/// "discovery".
void write_status(const AgentStatus& status, JsonWriter& out);

}  // namespace lanyard::agent
