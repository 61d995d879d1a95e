#include "agent/json/json_answers.hpp"

#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {

std::string space_json(const storage::SpaceEntry& space) {
  JsonWriter out;
  write_space(space, out);
  return out.take();
}

std::string shared_json(const SpaceService::Shared& shared) {
  JsonWriter out;
  out.begin_object().name("space");
  write_space(shared.space, out);
  out.name("device");
  write_device({shared.device, {}}, out);
  return out.member("wasMember", shared.was_member).end_object().take();
}

std::string collections_json(const storage::SpaceNumbers& numbers) {
  JsonWriter out;
  out.begin_object();
  write_collections(numbers, out);
  return out.end_object().take();
}

std::string info_json(const SpaceInfo& info) {
  JsonWriter out;
  write_info(info, out);
  return out.take();
}

std::string record_json(const storage::ReadRecord& record) {
  JsonWriter out;
  write_record(record, out);
  return out.take();
}

std::string page_json(const storage::RecordPage& page) {
  JsonWriter out;
  out.begin_object().name("records").begin_array();
  for (const storage::ReadRecord& record : page.records) write_record(record, out);
  out.end_array().name("cursor");
  page.cursor.empty() ? out.null() : out.text(page.cursor);
  return out.end_object().take();
}

std::string history_json(const LongReads::History& history) {
  JsonWriter out;
  out.begin_object().name("history").begin_array();
  for (std::size_t i = 0; i < history.page.entries.size(); ++i) {
    const storage::HistoryEntry& entry = history.page.entries[i];
    out.begin_object();
    write_change(entry.dot, out);
    out.member("device", to_text(entry.device));
    out.member("deviceName", utf8_or_escaped(history.devices[i])).member("time", entry.time_ms);
    out.name("ops").begin_array();
    for (const storage::HistoryOp& op : entry.ops)
      out.begin_object().member("op", op_name(op.kind)).name("value").raw(op.json).end_object();
    out.end_array().end_object();
  }
  out.end_array().name("cursor");
  history.page.cursor.empty() ? out.null() : out.text(history.page.cursor);
  return out.end_object().take();
}

std::string indexes_json(const std::vector<std::string>& fields) {
  JsonWriter out;
  out.begin_object().name("indexes").begin_array();
  for (const std::string& field : fields)
    out.begin_object().member("field", utf8_or_escaped(field)).end_object();
  return out.end_array().end_object().take();
}

std::string sql_json(const storage::SqlAnswer& answer) {
  JsonWriter out;
  out.begin_object().name("columns").begin_array();
  for (const std::string& column : answer.columns) out.text(utf8_or_escaped(column));
  out.end_array().name("rows").begin_array();
  for (const std::string& row : answer.rows) out.raw(row);
  out.end_array().member("more", !answer.is_all);
  if (!answer.notes.empty()) {
    out.name("notes").begin_array();
    for (const std::string& note : answer.notes) out.text(utf8_or_escaped(note));
    out.end_array();
  }
  return out.end_object().take();
}

std::string count_json(std::uint64_t count) {
  return JsonWriter().begin_object().member("count", count).end_object().take();
}

std::string undone_json(const ConflictService::Undone& undone) {
  const storage::ReadResolution& was = undone.resolution;
  JsonWriter out;
  out.begin_object().member("id", was.conflict).member("space", to_text(undone.space));
  out.member("collection", was.collection).member("key", was.key).member("field", was.field);
  return out.name("siblings").raw(was.siblings).end_object().take();
}

std::string conflicts_json(const ConflictService::Inbox& inbox) {
  JsonWriter out;
  out.begin_object().name("conflicts").begin_array();
  for (const ConflictService::Listed& one : inbox.conflicts) write_conflict(one, out);
  return out.end_array().member("more", inbox.has_more).end_object().take();
}

std::string conflict_json(const ConflictService::Listed& conflict) {
  JsonWriter out;
  out.begin_object();
  write_conflict_members(conflict, out);
  write_base(conflict, out);
  return out.end_object().take();
}

}  // namespace lanyard::agent
