#include "agent/compat/withheld.hpp"

#include <algorithm>
#include <array>

#include "agent/compat/secret_names.hpp"
#include "agent/compat/secret_values.hpp"
#include "agent/json_slices.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

using storage::KeptMember;
using Way = std::vector<std::string>;

/// Stands where an element of a list was taken out, so that the others keep their places.
constexpr std::string_view kGapInList = "null";
constexpr std::size_t kWithheldDepthMax = limits::kTextDepthMax;

std::string way_text(const Way& way) {
  JsonWriter out;
  out.begin_array();
  for (const std::string& step : way) out.text(step);
  return out.end_array().take();
}

Way way_of(const std::string& text) {
  Way out;
  if (const auto steps = json_elements(text))
    for (const std::string_view step : *steps)
      if (const auto name = json_string(step)) out.push_back(*name);
  return out;
}

/// How an element of an array is named in a way: by what tells it from the others, else by its
/// place.
std::string element_step(std::string_view element, std::size_t place) {
  const auto object =
      is_json_object(element) ? JsonObject::parse(element) : Result<JsonObject>(fail(Code::kUsage));
  const std::string by_place = "#" + std::to_string(place);
  if (!object) return by_place;
  for (const char* const member : {"id", "username", "name"})
    if (const auto value = object->find(member)) return "=" + std::string(*value);
  return by_place;
}

bool may_be_secret(std::string_view value) {
  return is_json_string(value) || is_json_object(value) || is_json_array(value);
}

/// Whether a JSON text is such a name itself.
bool is_name_of_secret(std::string_view json) {
  const auto name = json_string(json);
  return name && is_secret_name(*name);
}

/// {"name": "apiKey", "value": "..."}: the object's value is what a member of that name would have.
bool is_name_and_value(const JsonObject& object) {
  constexpr auto kNames =
      std::to_array<const char*>({"name", "key", "id", "label", "field", "variable", "header"});
  return std::any_of(kNames.begin(), kNames.end(), [&](const char* name) {
    const auto value = object.find(name);
    return value && is_name_of_secret(*value);
  });
}

bool is_value_of_pair(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"value", "val", "content", "data", "current", "text", "default", "defaultValue"});
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

class Withholder {
 public:
  explicit Withholder(const std::vector<std::string>& kept_local) : kept_local_(kept_local) {}

  std::string strip(std::string_view json, const Way& way) {
    if (way.size() > kWithheldDepthMax) return std::string(json);
    if (is_json_object(json)) return strip_object(json, way);
    return is_json_array(json) ? strip_array(json, way) : std::string(json);
  }
  std::vector<KeptMember> kept;

 private:
  std::string strip_object(std::string_view json, const Way& way) {
    const auto object = JsonObject::parse(json);
    if (!object) return std::string(json);
    JsonWriter out;
    out.begin_object();
    const bool is_pair = is_name_and_value(*object);
    for (const JsonMember& member : object->members()) {
      Way to = way;
      to.push_back(member.name);
      const bool is_local = way.empty() && std::find(kept_local_.begin(), kept_local_.end(),
                                                     member.name) != kept_local_.end();
      const bool is_named =
          is_secret_name(member.name) || (is_pair && is_value_of_pair(member.name));
      if (is_local || (is_named && may_be_secret(member.value)) || is_secret_text(member.value)) {
        kept.push_back({way_text(to), std::string(member.value)});
      } else {
        out.name(member.name).raw(strip(member.value, to));
      }
    }
    return out.end_object().take();
  }

  std::string strip_array(std::string_view json, const Way& way) {
    const auto elements = json_elements(json);
    if (!elements) return std::string(json);
    // ["apiKey", "..."], as entries of a map are saved.
    const bool is_pair =
        elements->size() == 2 && is_name_of_secret((*elements)[0]) && may_be_secret((*elements)[1]);
    JsonWriter out;
    out.begin_array();
    for (std::size_t place = 0; place < elements->size(); ++place) {
      const std::string_view element = (*elements)[place];
      Way to = way;
      to.push_back(element_step(element, place));
      if ((is_pair && place == 1) || is_secret_text(element)) {
        kept.push_back({way_text(to), std::string(element)});
        out.raw(kGapInList);
      } else {
        out.raw(strip(element, to));
      }
    }
    return out.end_array().take();
  }

  const std::vector<std::string>& kept_local_;
};

std::string put(std::string_view json, const Way& way, std::size_t at, const std::string& value);

std::string put_in_object(std::string_view json, const Way& way, std::size_t at,
                          const std::string& value) {
  const auto object = JsonObject::parse(json);
  if (!object) return std::string(json);
  const bool is_last = at + 1 == way.size();
  JsonWriter out;
  out.begin_object();
  for (const JsonMember& member : object->members()) {
    if (member.name != way[at]) {
      out.name(member.name).raw(member.value);
    } else if (!is_last) {
      out.name(member.name).raw(put(member.value, way, at + 1, value));
    }
  }
  if (is_last) out.name(way[at]).raw(value);
  return out.end_object().take();
}

/// Of JSON that stands in a text, as stores of pages are saved.
bool has_secret(std::string_view json) {
  if (!is_json_object(json) && !is_json_array(json)) return false;
  const std::vector<std::string> none;
  Withholder work(none);
  static_cast<void>(work.strip(json, {}));
  return !work.kept.empty();
}

std::string put(std::string_view json, const Way& way, std::size_t at, const std::string& value) {
  if (at == way.size()) return value;
  if (is_json_object(json)) return put_in_object(json, way, at, value);
  const auto elements = is_json_array(json)
                            ? json_elements(json)
                            : Result<std::vector<std::string_view>>(fail(Code::kUsage));
  if (!elements) return std::string(json);
  JsonWriter out;
  out.begin_array();
  for (std::size_t place = 0; place < elements->size(); ++place) {
    const std::string_view element = (*elements)[place];
    const bool is_it = element_step(element, place) == way[at];
    const bool is_taken = at + 1 == way.size() && element != kGapInList;  // by something else
    out.raw(is_it && !is_taken ? put(element, way, at + 1, value) : std::string(element));
  }
  return out.end_array().take();
}

}  // namespace

bool is_secret_text(std::string_view json) {
  const auto text = json_string(json);
  if (!text) return false;
  return looks_secret(*text) || has_secret(*text);
}

Withheld withhold(std::string_view json, const std::vector<std::string>& kept_local) {
  Withholder work(kept_local);
  Withheld out;
  out.json = work.strip(json, {});
  out.kept = std::move(work.kept);
  if (out.kept.empty()) out.json = json;
  return out;
}

std::string give_back(std::string json, const std::vector<KeptMember>& kept) {
  for (const KeptMember& each : kept) {
    const Way way = way_of(each.member);
    if (!way.empty()) json = put(json, way, 0, each.json);
  }
  return json;
}

std::vector<KeptMember> kept_from(std::vector<KeptMember> posted,
                                  const std::vector<KeptMember>& before) {
  for (KeptMember& each : posted) {
    const auto text = json_string(each.json);
    if (!text || !is_redaction(*text)) continue;
    for (const KeptMember& old : before)
      if (old.member == each.member) each.json = old.json;
  }
  std::sort(posted.begin(), posted.end(),
            [](const KeptMember& a, const KeptMember& b) { return a.member < b.member; });
  posted.erase(
      std::unique(posted.begin(), posted.end(),
                  [](const KeptMember& a, const KeptMember& b) { return a.member == b.member; }),
      posted.end());
  return posted;
}

}  // namespace lanyard::agent
