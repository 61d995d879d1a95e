#include <algorithm>

#include "agent/compat/rangerplex.hpp"
#include "agent/compat/rangerplex_shapes.hpp"
#include "agent/compat/rangerplex_whole.hpp"
#include "agent/compat/withheld.hpp"
#include "agent/json_writer.hpp"

/// All settings of a space as one object, and what an export has beside. They are small: they are
/// made in memory.
namespace lanyard::agent {
namespace {

struct Notebook {
  std::vector<std::pair<ElementPlace, std::string>> notes;  ///< in their order
  std::vector<ClaimPlan::Note> parts;                       ///< as a page is given them
};

storage::RecordQuery all_of(const std::string& collection) {
  storage::RecordQuery out;
  out.collection = collection;
  return out;
}

Status read_notebooks(Services& services, const SpaceId& space, ClaimPlanner& planner,
                      std::map<std::string, Notebook>& out) {
  const auto take = [&](storage::ReadRecord&& record) -> Status {
    LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(record.json));
    const auto notebook = json_string(object.find("notebook").value_or(""));
    if (!notebook) return {};
    const ElementPlace place = place_of(record.key, object);
    LANYARD_TRY_SET(const PresentRecord note, planner.shown(std::move(record)));
    LANYARD_TRY(planner.gave(*notebook, note, updated_at_of(note.members)));
    Notebook& its = out[*notebook];
    its.notes.emplace_back(place, object_text(note.members));
    its.parts.push_back(planner.part_of(*notebook, note, updated_at_of(note.members)));
    return {};
  };
  LANYARD_TRY(services.reads.for_each(space, all_of("notes"), take));
  for (auto& [name, notebook] : out) std::sort(notebook.notes.begin(), notebook.notes.end());
  return {};
}

std::vector<std::string> texts_of(const Notebook& notebook) {
  std::vector<std::string> out;
  for (const auto& [place, text] : notebook.notes) out.push_back(text);
  return out;
}

}  // namespace

Status Rangerplex::write_setting(const SpaceId& space, const std::string& key,
                                 std::string_view record, const std::vector<std::string>& notes,
                                 JsonWriter& out) {
  LANYARD_TRY_SET(const auto kept, store_.kept({space, "settings", key}));
  // What this device posted last stays here as a whole; what the others have is older, or theirs.
  for (const storage::KeptMember& each : kept) {
    if (each.member != "[]") continue;
    out.name(key).raw(each.json);
    return {};
  }
  out.name(key).raw(give_back(setting_value(key, record, notes), kept, kept_local_));
  return {};
}

/// Settings that are on this device alone.
Status Rangerplex::write_kept_wholes(const SpaceId& space, const std::set<std::string>& said,
                                     JsonWriter& out) {
  LANYARD_TRY_SET(const auto keys, store_.kept_keys(space, "settings"));
  for (const std::string& key : keys) {
    if (said.contains(key)) continue;
    LANYARD_TRY_SET(const auto kept, store_.kept({space, "settings", key}));
    for (const storage::KeptMember& each : kept)
      if (each.member == "[]") out.name(key).raw(each.json);
  }
  return {};
}

Status Rangerplex::write_settings(const SpaceId& space, ClaimPlanner& planner, bool to_page,
                                  JsonWriter& out) {
  std::map<std::string, Notebook> notebooks;
  LANYARD_TRY(read_notebooks(services_, space, planner, notebooks));
  std::set<std::string> said;
  const auto gave_whole = [&](const std::string& key, std::vector<ClaimPlan::Note> parts) {
    if (to_page) planner.plan().wholes.push_back({{space, "settings", key}, std::move(parts)});
  };
  const auto write_one = [&](storage::ReadRecord&& record) -> Status {
    LANYARD_TRY_SET(const PresentRecord setting, planner.shown(std::move(record)));
    LANYARD_TRY(planner.gave("", setting, {}));
    const std::string& key = setting.record->key;
    Notebook& notebook = notebooks[key];
    const auto notes = texts_of(notebook);
    notebook.parts.push_back(planner.part_of("", setting, {}));
    gave_whole(key, std::move(notebook.parts));
    notebooks.erase(key);
    said.insert(key);
    return write_setting(space, key, setting.record->json, notes, out);
  };
  out.begin_object();
  LANYARD_TRY(services_.reads.for_each(space, all_of("settings"), write_one));
  for (auto& [key, notebook] : notebooks) {
    said.insert(key);
    gave_whole(key, std::move(notebook.parts));
    LANYARD_TRY(write_setting(space, key, "", texts_of(notebook), out));
  }
  LANYARD_TRY(write_kept_wholes(space, said, out));
  out.end_object();
  return {};
}

Result<std::string> Rangerplex::settings_text(const SpaceId& space, const std::string& client,
                                              bool to_page) {
  JsonWriter out;
  LANYARD_TRY(queue_->note(space, client, [&](ClaimPlanner& planner) {
    return write_settings(space, planner, to_page, out);
  }));
  return out.take();
}

Result<std::string> Rangerplex::other_classes_text(const SpaceId& space) {
  JsonWriter out;
  out.begin_object();
  for (const ExportClass& kind : export_classes()) {
    bool is_empty = true;
    const auto write_one = [&](const storage::ReadRecord& record) -> Status {
      if (std::exchange(is_empty, false)) out.name(kind.name).begin_array();
      LANYARD_TRY_SET(const auto kept, store_.kept({space, record.collection, record.key}));
      out.raw(give_back(record.json, kept));
      return {};
    };
    LANYARD_TRY(services_.reads.for_each(space, all_of(std::string(kind.collection)), write_one));
    if (!is_empty) out.end_array();
  }
  std::string text = out.end_object().take();
  // To be put behind other members.
  return text == "{}" ? std::string() : "," + text.substr(1, text.size() - 2);
}

}  // namespace lanyard::agent
