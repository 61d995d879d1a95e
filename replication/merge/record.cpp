#include "replication/merge/record.hpp"

#include <algorithm>

namespace lanyard::merge {

namespace {

/// Where the field of that name is, or belongs.
template <class Fields>
auto place_of(Fields& fields, std::string_view name) {
  return std::lower_bound(fields.begin(), fields.end(), name,
                          [](const Field& field, std::string_view n) { return field.name < n; });
}

struct ByValue {
  bool operator()(const SetElement& element, ByteView value) const {
    return compare(element.value, value) < 0;
  }
  bool operator()(ByteView value, const SetElement& element) const {
    return compare(value, element.value) < 0;
  }
};

}  // namespace

std::pair<std::size_t, std::size_t> Field::adds_of(ByteView element) const {
  const auto [first, last] = std::equal_range(elements.begin(), elements.end(), element, ByValue{});
  return {first - elements.begin(), last - elements.begin()};
}

bool Record::is_shown() const {
  return std::any_of(heads.begin(), heads.end(),
                     [](const RecordHead& head) { return head.hidden_by.empty(); });
}

DotSet Record::deletes() const {
  DotSet out;
  if (all_visible) return out;
  const auto gather = [&](const auto& things) {
    for (const auto& one : things) {
      if (!one.hidden_by.empty()) unite(out, one.hidden_by);
    }
  };
  gather(heads);
  for (const Field& field : fields) {
    gather(field.values);
    gather(field.counter);
    gather(field.elements);
  }
  return out;
}

const Field* Record::find(std::string_view name) const {
  const auto at = place_of(fields, name);
  return at != fields.end() && at->name == name ? &*at : nullptr;
}

Field* Record::find(std::string_view name) {
  const auto at = place_of(fields, name);
  return at != fields.end() && at->name == name ? &*at : nullptr;
}

Field& Record::field(std::string_view name) {
  auto at = place_of(fields, name);
  if (at == fields.end() || at->name != name) {
    at = fields.insert(at, Field{std::string(name), {}, {}, {}});
  }
  return *at;
}

}  // namespace lanyard::merge
