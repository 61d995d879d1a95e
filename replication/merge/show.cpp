#include "replication/merge/show.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "replication/types/canonical.hpp"

namespace lanyard::merge {

namespace {

bool is_visible(const Sibling& sibling) { return sibling.hidden_by.empty(); }
bool is_visible(const SetElement& element) { return element.hidden_by.empty(); }

template <class Hidable>
bool any_visible(const std::vector<Hidable>& things) {
  return std::any_of(things.begin(), things.end(), [](const Hidable& t) { return is_visible(t); });
}

/// The part that no delete hides is the smallest.
bool has_visible_counter(const Field& field) {
  return !field.counter.empty() && field.counter.front().hidden_by.empty();
}

bool is_shown(const Field& field) {
  return has_visible_counter(field) || any_visible(field.elements) || any_visible(field.values);
}

/// An array of the visible elements, each once. They are sorted by value already.
Bytes set_value(const std::vector<SetElement>& elements) {
  std::vector<ByteView> members;
  for (const SetElement& element : elements) {
    if (!is_visible(element)) continue;
    if (members.empty() || !equal(members.back(), element.value))
      members.emplace_back(element.value);
  }
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(members.size());
  for (const ByteView member : members) writer.raw(member);
  return out;
}

struct Ranked {
  const Sibling* sibling = nullptr;
  Hash hash;  ///< set only where the timestamp is not enough
};

/// The visible siblings, greatest (timestamp, change hash) first.
std::vector<Ranked> ranked(const std::vector<Sibling>& values, const HashOf& hash_of) {
  std::vector<Ranked> out;
  for (const Sibling& sibling : values) {
    if (is_visible(sibling)) out.push_back({&sibling, {}});
  }
  const auto later = [](const Ranked& left, const Ranked& right) {
    return left.sibling->timestamp > right.sibling->timestamp;
  };
  std::sort(out.begin(), out.end(), later);
  for (auto from = out.begin(); from != out.end();) {
    const auto to = std::upper_bound(from, out.end(), *from, later);
    if (to - from > 1) {
      for (auto at = from; at != to; ++at) at->hash = hash_of(at->sibling->dot);
      std::sort(from, to, [](const Ranked& l, const Ranked& r) { return l.hash > r.hash; });
    }
    from = to;
  }
  return out;
}

struct ByBytes {
  bool operator()(ByteView left, ByteView right) const { return compare(left, right) < 0; }
};

/// One choice for each distinct value; equal ones count with their greatest sibling.
void append_values(const std::vector<Sibling>& values, const HashOf& hash_of,
                   std::vector<Choice>& out) {
  std::map<ByteView, std::size_t, ByBytes> found;
  for (const Ranked& one : ranked(values, hash_of)) {
    const Sibling& sibling = *one.sibling;
    const auto [at, is_new] = found.try_emplace(sibling.value, out.size());
    if (is_new) out.push_back({SlotKind::kValue, sibling.value, sibling.timestamp, {}});
    out[at->second].dots.push_back(sibling.dot);
  }
}

/// What the field shows, without listing what it could show.
void append_shown(const Field& field, const HashOf& hash_of, CanonicalWriter& writer) {
  if (has_visible_counter(field)) return writer.integer(field.counter.front().sum);
  if (any_visible(field.elements)) return writer.raw(set_value(field.elements));
  if (field.values.size() == 1) return writer.raw(field.values.front().value);
  writer.raw(ranked(field.values, hash_of).front().sibling->value);
}

}  // namespace

std::vector<Choice> choices(const Field& field, const HashOf& hash_of) {
  std::vector<Choice> out;
  if (has_visible_counter(field)) {
    out.push_back({SlotKind::kCounter, {}, {}, {}});
    CanonicalWriter(out.back().value).integer(field.counter.front().sum);
  }
  if (any_visible(field.elements)) {
    out.push_back({SlotKind::kSet, set_value(field.elements), {}, {}});
  }
  append_values(field.values, hash_of, out);
  return out;
}

std::optional<Bytes> shown_to_author(const Field& field, const LocalDot& own,
                                     const HashOf& hash_of) {
  for (const Sibling& sibling : field.values)
    if (sibling.dot == own && is_visible(sibling)) return sibling.value;
  std::vector<Choice> all = choices(field, hash_of);
  if (all.empty() || all.front().kind != SlotKind::kValue) return std::nullopt;
  return std::move(all.front().value);
}

Bytes shown_value(const Record& record, const HashOf& hash_of) {
  const auto shown = std::count_if(record.fields.begin(), record.fields.end(), is_shown);
  std::size_t size = 5;
  for (const Field& field : record.fields) {
    size += field.name.size() + 5;
    for (const Sibling& sibling : field.values) size += sibling.value.size();
  }
  Bytes out;
  out.reserve(size);
  CanonicalWriter writer(out);
  writer.map(static_cast<std::size_t>(shown));
  for (const Field& field : record.fields) {
    if (!is_shown(field)) continue;
    writer.text(field.name);
    append_shown(field, hash_of, writer);
  }
  return out;
}

}  // namespace lanyard::merge
