#include "agent/import/chat_records.hpp"

#include "agent/display_text.hpp"
#include "agent/json_slices.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kNotesPrefix = "study_notes_";

tl::unexpected<Error> wrong_record(const std::string& path, const std::string& what) {
  return fail(Code::kMalformed, path + ": " + what,
              "Mend the file, or export it again; nothing was imported.");
}

Status check_key(const std::string& key, const std::string& path) {
  if (key.empty()) return wrong_record(path, "the id is empty");
  if (key.size() > limits::kKeyBytesMax)
    return wrong_record(path, "the id is longer than 512 bytes");
  return {};
}

/// What the store would refuse is refused before anything is written.
Result<ImportRecord> checked(ImportRecord record) {
  LANYARD_TRY(check_key(record.key, record.path));
  if (auto value = from_json(record.json, limits::kRecordDepthMax); !value) {
    return fail(value.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kMalformed,
                record.path + ": " + value.error().detail,
                "Take it out of the file; nothing was imported.");
  }
  return record;
}

Result<std::string> id_of(const JsonObject& object, const std::string& path) {
  const auto id = object.find("id");
  if (!id) return wrong_record(path, "there is no id");
  auto text = json_string(*id);
  if (!text) return wrong_record(path + ".id", "a text was expected");
  return text;
}

/// `json` with one more member at its end.
void add_member(std::string& json, std::string_view name, std::string_view value) {
  const bool empty = json.find_first_not_of(" \t\r\n{}") == std::string::npos;
  json.erase(json.rfind('}'));
  if (!empty) json += ',';
  append_json_string(name, json);
  json += ':';
  json += value;
  json += '}';
}

Status place_in(std::string& json, const JsonObject& object, std::string_view name,
                const std::string& value, const std::string& path) {
  const auto present = object.find(name);
  if (!present) {
    add_member(json, name, value);
  } else if (*present != value) {
    return wrong_record(path, "it has a member " + std::string(name) + " that says otherwise");
  }
  return {};
}

std::string as_json_text(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

Result<ImportRecord> note_record(std::string_view text, const std::string& notebook,
                                 std::uint64_t position, const std::string& path) {
  std::string json(text);
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(text));
  LANYARD_TRY_SET(std::string key, id_of(object, path));
  LANYARD_TRY(place_in(json, object, "notebook", as_json_text(notebook), path));
  if (!object.find("position")) add_member(json, "position", std::to_string(position));
  return checked({"notes", std::move(key), std::move(json), path});
}

bool has_notes(const std::string& key, const JsonObject& object) {
  const auto notes = object.find("notes");
  return key.starts_with(kNotesPrefix) && notes && is_json_array(*notes);
}

/// The object's members but `left_out`; in the member `value` where they could be taken for one.
std::string setting_json(const JsonObject& object, std::string_view left_out) {
  std::string members;
  std::size_t count = 0;
  bool named_value = false;
  for (const JsonMember& member : object.members()) {
    if (member.name == left_out) continue;
    if (count++ > 0) members += ',';
    append_json_string(member.name, members);
    members += ':';
    members += member.value;
    named_value = member.name == "value";
  }
  const bool ambiguous = count == 0 || (count == 1 && named_value);
  return ambiguous ? "{\"value\":{" + members + "}}" : "{" + members + "}";
}

}  // namespace

Result<ImportRecord> message_record(const std::string& json, const std::string& chat_id,
                                    std::uint64_t position, const std::string& path) {
  auto object = JsonObject::parse(json);
  if (!object) return wrong_record(path, object.error().detail);
  LANYARD_TRY_SET(std::string key, id_of(*object, path));
  std::string out = json;
  LANYARD_TRY(place_in(out, *object, "chatId", as_json_text(chat_id), path));
  if (const auto present = object->find("position"); !present) {
    add_member(out, "position", std::to_string(position));
  } else if (!json_integer(*present)) {
    return wrong_record(path + ".position", "an integer was expected");
  }
  return checked({"messages", std::move(key), std::move(out), path});
}

Result<ImportRecord> chat_record(const std::string& id, const std::string& members,
                                 const std::string& path) {
  return checked({"chats", id, "{" + members + "}", path});
}

Result<std::vector<ImportRecord>> setting_records(const std::string& key, const std::string& json,
                                                  const std::string& path) {
  std::vector<ImportRecord> out;
  if (!is_json_object(json)) {
    LANYARD_TRY_SET(ImportRecord record,
                    checked({"settings", key, "{\"value\":" + json + "}", path}));
    out.push_back(std::move(record));
    return out;
  }
  auto object = JsonObject::parse(json);
  if (!object) return wrong_record(path, object.error().detail);
  const bool split = has_notes(key, *object);
  if (split) {
    LANYARD_TRY_SET(const auto notes, json_elements(*object->find("notes")));
    for (std::size_t i = 0; i < notes.size(); ++i) {
      const std::string place = path + ".notes[" + std::to_string(i) + "]";
      if (!is_json_object(notes[i])) return wrong_record(place, "an object was expected");
      LANYARD_TRY_SET(ImportRecord note, note_record(notes[i], key, i, place));
      out.push_back(std::move(note));
    }
  }
  const bool nothing_else = split && object->members().size() == 1;
  if (!nothing_else) {
    LANYARD_TRY_SET(ImportRecord record,
                    checked({"settings", key, setting_json(*object, split ? "notes" : ""), path}));
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace lanyard::agent
