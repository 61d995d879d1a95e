#include "agent/compat/withheld.hpp"

#include <algorithm>
#include <array>
#include <set>

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

std::string step_of_place(std::size_t place) { return "#" + std::to_string(place); }

/// What tells an element of an array from the others: what it calls itself, unless that is itself
/// taken out. Nothing: it says nothing of the kind.
std::optional<std::string> name_of_element(std::string_view element) {
  const auto object =
      is_json_object(element) ? JsonObject::parse(element) : Result<JsonObject>(fail(Code::kUsage));
  if (!object) return std::nullopt;
  for (const char* const member : {"id", "username", "name"})
    if (const auto value = object->find(member))
      if (!is_json_object(*value) && !is_json_array(*value) && !is_secret_text(*value))
        return "=" + std::string(*value);
  return std::nullopt;
}

/// How the elements of an array are named in ways: by their names, and those that have none, or one
/// that stood there before, by their places.
std::vector<std::string> element_steps(const std::vector<std::string_view>& elements) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (std::size_t place = 0; place < elements.size(); ++place) {
    const auto name = name_of_element(elements[place]);
    out.push_back(name && seen.insert(*name).second ? *name : step_of_place(place));
  }
  return out;
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
    const std::vector<std::string> steps = element_steps(*elements);
    JsonWriter out;
    out.begin_array();
    for (std::size_t place = 0; place < elements->size(); ++place) {
      const std::string_view element = (*elements)[place];
      const bool is_taken = (is_pair && place == 1) || is_secret_text(element);
      Way to = way;
      // A gap has no name by which it could be found again.
      to.push_back(is_taken ? step_of_place(place) : steps[place]);
      if (is_taken) {
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

/// Puts one value back.
struct PutBack {
  const Way& way;
  const std::string& value;
  const std::vector<std::string>& kept_local;

  /// `at`: how much of the way led here.
  [[nodiscard]] std::string into(std::string_view json, std::size_t at) const {
    if (at == way.size()) return value;
    if (is_json_object(json)) return into_object(json, at);
    return is_json_array(json) ? into_array(json, at) : std::string(json);
  }

 private:
  /// Whether each device has a value of its own there.
  [[nodiscard]] bool is_each_ones_own(const JsonObject& object, std::size_t at) const {
    const std::string& name = way[at];
    return is_secret_name(name) || (is_name_and_value(object) && is_value_of_pair(name)) ||
           (at == 0 && std::find(kept_local.begin(), kept_local.end(), name) != kept_local.end());
  }
  [[nodiscard]] std::string into_object(std::string_view json, std::size_t at) const {
    const auto object = JsonObject::parse(json);
    if (!object) return std::string(json);
    const bool is_last = at + 1 == way.size();
    if (is_last && object->find(way[at]) && !is_each_ones_own(*object, at))
      return std::string(json);
    JsonWriter out;
    out.begin_object();
    for (const JsonMember& member : object->members()) {
      if (member.name != way[at]) {
        out.name(member.name).raw(member.value);
      } else if (!is_last) {
        out.name(member.name).raw(into(member.value, at + 1));
      }
    }
    if (is_last) out.name(way[at]).raw(value);
    return out.end_object().take();
  }
  [[nodiscard]] std::string into_array(std::string_view json, std::size_t at) const {
    const auto elements = json_elements(json);
    if (!elements) return std::string(json);
    const std::vector<std::string> steps = element_steps(*elements);
    JsonWriter out;
    out.begin_array();
    for (std::size_t place = 0; place < elements->size(); ++place) {
      const std::string_view element = (*elements)[place];
      const bool is_other = at + 1 == way.size() && element != kGapInList;
      out.raw(steps[place] == way[at] && !is_other ? into(element, at + 1) : std::string(element));
    }
    return out.end_array().take();
  }
};

/// Of JSON that stands in a text, as stores of pages are saved.
bool has_secret(std::string_view json) {
  if (!is_json_object(json) && !is_json_array(json)) return false;
  const std::vector<std::string> none;
  Withholder work(none);
  static_cast<void>(work.strip(json, {}));
  return !work.kept.empty();
}

}  // namespace

bool is_secret_text(std::string_view json) {
  if (!is_json_string(json)) return false;
  // A large text without escapes is looked at where it is.
  if (json.size() >= 2 && json.find('\\') == std::string_view::npos) {
    const std::string_view within = json.substr(1, json.size() - 2);
    return looks_secret(within) || has_secret(within);
  }
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

std::string give_back(std::string json, const std::vector<KeptMember>& kept,
                      const std::vector<std::string>& kept_local) {
  for (const KeptMember& each : kept) {
    const Way way = way_of(each.member);
    if (!way.empty()) json = PutBack{way, each.json, kept_local}.into(json, 0);
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
