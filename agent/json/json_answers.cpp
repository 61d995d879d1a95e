#include "agent/json/json_answers.hpp"

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

std::string count_json(std::uint64_t count) {
  return JsonWriter().begin_object().member("count", count).end_object().take();
}

std::string conflicts_json(const std::vector<ConflictService::Listed>& conflicts) {
  JsonWriter out;
  out.begin_object().name("conflicts").begin_array();
  for (const ConflictService::Listed& one : conflicts) write_conflict(one, out);
  return out.end_array().end_object().take();
}

std::string conflict_json(const ConflictService::Listed& conflict) {
  JsonWriter out;
  write_conflict(conflict, out);
  return out.take();
}

}  // namespace lanyard::agent
