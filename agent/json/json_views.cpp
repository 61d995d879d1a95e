#include "agent/json/json_views.hpp"

#include "agent/display_text.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::agent {
namespace {

const char* text_of(engine::Phase phase) {
  switch (phase) {
    case engine::Phase::kComparing: return "comparing";
    case engine::Phase::kCatchingUp: return "catching up";
    case engine::Phase::kInStep: return "in step";
  }
  return "unknown";
}

void write_link(const PeerStatus& link, JsonWriter& out) {
  out.member("linked", link.linked).member("linkAddress", utf8_or_escaped(link.address));
  out.member("weDialed", link.we_dialed).member("saysName", utf8_or_escaped(link.says_name));
  out.member("build", utf8_or_escaped(link.build)).member("clockAheadMs", link.clock_ahead_ms);
  out.member("lastFailure", utf8_or_escaped(link.last_failure));
  out.name("linkSpaces").begin_array();
  for (const SpaceLink& space : link.spaces) {
    out.begin_object().member("space", to_text(space.space));
    out.member("phase", text_of(space.phase)).member("bytesReceived", space.bytes_received);
    out.end_object();
  }
  out.end_array();
}

void write_device_members(const DeviceView& device, JsonWriter& out) {
  const storage::KnownDevice& known = device.known;
  out.member("id", to_text(known.id)).member("shortId", to_short_text(known.id));
  out.member("name", utf8_or_escaped(shown_name(known))).member("namedHere", known.named_here);
  out.member("namedByOthers", known.named_by_others);
  out.member("forgotten", known.forgotten).member("address", utf8_or_escaped(known.address));
  out.member("addedMs", known.added_ms).member("lastSeenMs", known.last_seen_ms);
  write_link(device.link, out);
}

void write_space_members(const storage::SpaceEntry& space, JsonWriter& out) {
  out.member("id", to_text(space.id)).member("name", utf8_or_escaped(space.name));
  out.member("left", space.left).member("createdMs", space.created_ms);
  out.member("syncMode", mode_text(space.mode)).member("archived", space.archived);
}

void write_numbers(const storage::SpaceNumbers& numbers, JsonWriter& out) {
  out.member("records", numbers.records).member("conflicts", numbers.conflicts);
  out.member("changes", numbers.changes).member("fileBytes", numbers.file_bytes);
  out.member("forks", numbers.forks);
}

void write_counters(const NetworkCounters& counters, JsonWriter& out) {
  out.name("counters").begin_object();
  out.member("accepted", counters.accepted).member("refusedBusy", counters.refused_busy);
  out.member("failedHandshakes", counters.failed_handshakes);
  out.member("droppedLinks", counters.dropped_links);
  out.member("refusedChanges", counters.refused_changes);
  out.member("bytesIn", counters.bytes_in).member("bytesOut", counters.bytes_out);
  out.end_object();
}

const char* text_of(discovery::Mode mode) {
  switch (mode) {
    case discovery::Mode::kAuto: return "auto";
    case discovery::Mode::kAvahi: return "avahi";
    case discovery::Mode::kEmbedded: return "embedded";
    case discovery::Mode::kOff: return "off";
  }
  return "unknown";
}

void write_discovery(const DiscoveryStatus& status, JsonWriter& out) {
  out.name("discovery").begin_object().member("mode", text_of(status.mode));
  out.member("state", state_text(status.condition.state)).member("reason", status.condition.reason);
  out.member("nearby", status.nearby).end_object();
}

void write_pairing(const std::optional<WindowStatus>& window, JsonWriter& out) {
  if (!window) {
    out.name("pairing").raw("null");
    return;
  }
  out.name("pairing").begin_object().member("leftMs", window->left.count());
  out.member("codesLeft", window->codes_left).end_object();
}

void write_degraded(const std::vector<Degraded>& degraded, JsonWriter& out) {
  out.name("error");
  degraded.empty() ? out.null() : out.text(utf8_or_escaped(degraded.front().why));
  out.name("degraded").begin_array();
  for (const Degraded& each : degraded) {
    out.begin_object().member("part", utf8_or_escaped(each.part));
    out.member("why", utf8_or_escaped(each.why)).member("fix", each.fix).end_object();
  }
  out.end_array();
}

/// Why a change that is held does not count.
const char* why(oplog::Effect effect) {
  switch (effect) {
    case oplog::Effect::kEffective: break;
    case oplog::Effect::kUnknownKind: return "needs a newer version";
    case oplog::Effect::kBadPayload: return "breaks a rule";
    case oplog::Effect::kNoKey: return "sealed under a key that this device does not have";
    case oplog::Effect::kBadSeal: return "does not open with its key";
    case oplog::Effect::kMissingChunk: return "a part of a large value is missing";
  }
  return "";
}

}  // namespace

const char* mode_text(storage::SyncMode mode) {
  switch (mode) {
    case storage::SyncMode::kHybrid: return "hybrid";
    case storage::SyncMode::kLocalOnly: return "local-only";
    case storage::SyncMode::kPeerRequired: return "peer-required";
  }
  return "unknown";
}

std::optional<storage::SyncMode> sync_mode_from_text(std::string_view text) {
  using storage::SyncMode;
  for (const SyncMode mode : {SyncMode::kHybrid, SyncMode::kLocalOnly, SyncMode::kPeerRequired})
    if (text == mode_text(mode)) return mode;
  return text == "cloud-only" ? std::optional(SyncMode::kPeerRequired) : std::nullopt;
}

std::string utf8_or_escaped(std::string_view text) {
  return is_utf8(as_bytes(text)) ? std::string(text) : display_text(text);
}

void write_device(const DeviceView& device, JsonWriter& out) {
  out.begin_object();
  write_device_members(device, out);
  out.end_object();
}

void write_space(const storage::SpaceEntry& space, JsonWriter& out) {
  out.begin_object();
  write_space_members(space, out);
  out.name("members").begin_array();
  for (const DeviceId& member : space.members) out.text(to_text(member));
  out.end_array().end_object();
}

void write_info(const SpaceInfo& info, JsonWriter& out) {
  out.begin_object();
  write_space_members(info.space, out);
  write_numbers(info.numbers, out);
  out.name("withoutEffect").begin_array();
  for (const SpaceInfo::Ineffective& each : info.without_effect) {
    out.begin_object().member("author", to_text(each.what.author));
    out.member("authorName", utf8_or_escaped(each.author)).member("why", why(each.what.effect));
    out.member("changes", each.what.changes).end_object();
  }
  out.end_array();
  if (info.state_hash) out.member("state_hash", to_hex(info.state_hash->view()));
  out.member("file", info.file.string());
  out.name("members").begin_array();
  for (const auto& [id, name] : info.members)
    out.begin_object().member("id", to_text(id)).member("name", utf8_or_escaped(name)).end_object();
  out.end_array();
  write_collections(info.numbers, out);
  out.end_object();
}

void write_collections(const storage::SpaceNumbers& numbers, JsonWriter& out) {
  out.name("collections").begin_array();
  for (const storage::CollectionCount& collection : numbers.collections) {
    out.begin_object().member("name", utf8_or_escaped(collection.name));
    out.member("records", collection.records).end_object();
  }
  out.end_array();
}

void write_change(const Dot& dot, JsonWriter& out) {
  out.name("change").begin_object().member("log", to_hex(dot.log.view()));
  out.member("seq", dot.seq.value).end_object();
}

void write_record(const storage::ReadRecord& record, JsonWriter& out) {
  out.begin_object().member("key", record.key);
  out.name("value").raw(is_shown(record) ? std::string_view(record.json) : "null");
  out.member("version", record.version);
  if (is_shown(record) && !record.conflicts.empty()) {
    out.name("conflicts").begin_array();
    for (const std::string& field : record.conflicts) out.text(field);
    out.end_array();
  }
  out.end_object();
}

void write_conflict(const ConflictService::Listed& listed, JsonWriter& out) {
  out.begin_object();
  write_conflict_members(listed, out);
  out.end_object();
}

void write_base(const ConflictService::Listed& listed, JsonWriter& out) {
  out.name("base");
  if (!listed.base) return static_cast<void>(out.raw("null"));
  const storage::ConflictBase& base = listed.base->value;
  out.begin_object().name("value").raw(base.json).member("device", to_text(base.device));
  out.member("deviceName", utf8_or_escaped(listed.base->device));
  out.member("time", base.time_ms).end_object();
}

void write_conflict_members(const ConflictService::Listed& listed, JsonWriter& out) {
  const storage::ReadConflict& conflict = listed.conflict;
  out.member("id", conflict.id).member("space", utf8_or_escaped(listed.space.name));
  out.member("spaceId", to_text(listed.space.id)).member("collection", conflict.collection);
  out.member("key", conflict.key).member("field", conflict.field);
  out.member("version", conflict.version).name("siblings").begin_array();
  for (std::size_t i = 0; i < conflict.siblings.size(); ++i) {
    const storage::ReadSibling& sibling = conflict.siblings[i];
    out.begin_object().name("value").raw(sibling.json);
    out.member("device", to_text(sibling.device));
    out.member("deviceName", utf8_or_escaped(listed.devices.at(i)));
    out.member("time", sibling.time_ms).member("shown", sibling.shown).end_object();
  }
  out.end_array();
}

void write_status(const AgentStatus& status, JsonWriter& out) {
  out.name("devices").begin_array();
  for (const DeviceStatus& device : status.devices) {
    out.begin_object();
    write_device_members(device.device, out);
    out.member("spaces", device.spaces).member("notYetThere", device.not_yet_there);
    out.member("inStep", device.in_step).member("inStepMs", device.in_step_ms).end_object();
  }
  out.end_array().name("spaces").begin_array();
  for (std::size_t i = 0; i < status.listed_spaces(); ++i) {
    const SpaceStatus& space = status.spaces[i];
    out.begin_object();
    write_space_members(space.space, out);
    write_numbers(space.numbers, out);
    out.member("memberCount", space.space.members.size());
    out.member("unconfirmed", space.counts.unconfirmed);
    out.member("error", utf8_or_escaped(space.error)).end_object();
  }
  out.end_array().member("moreSpaces", status.spaces.size() - status.listed_spaces());
  out.member("conflicts", status.conflicts()).member("notYetThere", status.not_yet_there());
  out.member("online", status.is_online()).member("syncing", status.is_syncing());
  out.member("lastSaveMs", status.last_save_ms).member("lastSyncMs", status.last_sync_ms);
  out.member("lastExportMs", status.last_export_ms);
  write_degraded(status.degraded, out);
  write_counters(status.counters, out);
  write_discovery(status.discovery, out);
  write_pairing(status.pairing, out);
}

}  // namespace lanyard::agent
