#include "storage/record_codec.hpp"

#include <algorithm>
#include <map>

#include "replication/merge/record_fields.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "storage/json_scan.hpp"

namespace lanyard::storage {
namespace {

using merge::Field;
using merge::Record;
using merge::Sibling;
using merge::SlotKind;

constexpr std::string_view kId = "id";

// ---- to rows

/// Takes the fields of a record apart, in order.
class Splitter {
 public:
  Splitter(std::string_view key, const merge::HashOf& hash_of) : hash_of_(hash_of) {
    CanonicalWriter(key_value_).text(key);
  }

  void take(const Field& field) {
    const bool counter = !field.counter.empty() && field.counter.front().hidden_by.empty();
    const bool set = std::any_of(field.elements.begin(), field.elements.end(),
                                 [](const auto& element) { return element.hidden_by.empty(); });
    const bool value = std::any_of(field.values.begin(), field.values.end(),
                                   [](const auto& sibling) { return sibling.hidden_by.empty(); });
    if (counter) {
      show_counter(field);
    } else if (set) {
      show_set(field);
    } else if (value) {
      show_value(field);
    }
    take_rest(field, counter, !counter && set, !counter && !set && value);
  }

  void leave_out(const Field& field) { take_rest(field, false, false, false); }

  RecordRowSet finish(const Record& record) {
    rows_.dots.is_shown = record.is_shown();
    rows_.dots.heads = record.heads;
    rows_.dots.has_conflicts = !rows_.conflicts.empty();
    rows_.dots.has_trash = !rows_.trash.empty();
    if (!rows_.dots.is_shown) {
      rows_.dots.entries.clear();
      return std::move(rows_);
    }
    rows_.value = "{" + json_ + "}";
    choose_base(record);
    return std::move(rows_);
  }

 private:
  void begin_member(const std::string& name) {
    if (!json_.empty()) json_ += ',';
    append_json_string(name, json_);
    json_ += ':';
  }

  DotsEntry& add_entry(SlotKind kind) {
    DotsEntry& entry = rows_.dots.entries.emplace_back();
    entry.member = members_++;
    entry.kind = kind;
    return entry;
  }

  void show_counter(const Field& field) {
    begin_member(field.name);
    json_ += std::to_string(field.counter.front().sum);
    add_entry(SlotKind::kCounter);
  }

  void show_set(const Field& field) {
    begin_member(field.name);
    json_ += '[';
    DotsEntry& entry = add_entry(SlotKind::kSet);
    const Bytes* last = nullptr;
    for (const merge::SetElement& element : field.elements) {
      if (!element.hidden_by.empty()) continue;
      if (last == nullptr || *last != element.value) {
        if (last != nullptr) json_ += ',';
        append_json(element.value, json_);
        entry.elements.emplace_back();
        last = &element.value;
      }
      entry.elements.back().push_back(element.dot);
    }
    json_ += ']';
  }

  void show_value(const Field& field) {
    if (field.values.size() == 1) {
      shown_ = field.values.front().value;
    } else {
      shown_ = merge::choices(field, hash_of_).front().value;
    }
    if (field.name == kId && shown_ == key_value_) {
      rows_.dots.id_left_out = true;
    } else {
      begin_member(field.name);
      append_json(shown_, json_);
    }
    DotsEntry& entry = add_entry(SlotKind::kValue);
    for (const Sibling& sibling : field.values) {
      if (sibling.hidden_by.empty() && sibling.value == shown_)
        entry.values.push_back({sibling.dot, sibling.timestamp});
    }
  }

  /// What is not shown: to the inbox if it is visible, else to the trash.
  void take_rest(const Field& field, bool counter, bool set, bool value) {
    for (const Sibling& sibling : field.values) {
      if (value && sibling.hidden_by.empty() && sibling.value == shown_) continue;
      put_aside({field.name, SlotKind::kValue, sibling.dot, sibling.hidden_by,
                 to_json(sibling.value), sibling.timestamp});
    }
    for (const merge::CounterPart& part : field.counter) {
      if (counter && part.hidden_by.empty()) continue;
      put_aside({field.name, SlotKind::kCounter, {}, part.hidden_by, std::to_string(part.sum), {}});
    }
    for (const merge::SetElement& element : field.elements) {
      if (set && element.hidden_by.empty()) continue;
      put_aside(
          {field.name, SlotKind::kSet, element.dot, element.hidden_by, to_json(element.value), {}});
    }
  }

  void put_aside(SideRow row) {
    (row.hidden_by.empty() ? rows_.conflicts : rows_.trash).push_back(std::move(row));
  }

  /// The stamp that wrote most of the members; its entries go. What is chosen has no meaning.
  void choose_base(const Record& record) {
    std::map<Stamped, std::size_t> counts;
    for (const DotsEntry& entry : rows_.dots.entries) {
      if (entry.values.size() == 1) ++counts[entry.values.front()];
    }
    const auto most = std::max_element(
        counts.begin(), counts.end(),
        [](const auto& left, const auto& right) { return left.second < right.second; });
    if (most == counts.end()) {
      rows_.dots.base = {record.heads.front().dot, {}};
      return;
    }
    rows_.dots.base = most->first;
    std::erase_if(rows_.dots.entries, [&](const DotsEntry& entry) {
      return entry.values.size() == 1 && entry.values.front() == most->first;
    });
  }

  const merge::HashOf& hash_of_;
  Bytes key_value_;
  Bytes shown_;
  std::string json_;
  std::size_t members_ = 0;
  RecordRowSet rows_;
};

// ---- from rows

tl::unexpected<Error> do_not_fit() {
  return fail(Code::kCorrupt, "the rows of a record do not fit together");
}

struct Member {
  std::string_view name;
  ByteView value;
};

Status fill_set(Field& field, ByteView array, const DotsEntry& entry) {
  CanonicalReader in(array);
  if (in.array() != entry.elements.size()) return do_not_fit();
  for (const auto& adds : entry.elements) {
    const ByteView value = in.value();
    for (const merge::LocalDot& dot : adds) field.elements.push_back({to_bytes(value), dot, {}});
  }
  return in.finish();
}

Status fill(Field& field, const Member& member, const DotsEntry& entry) {
  switch (entry.kind) {
    case SlotKind::kValue:
      for (const Stamped& one : entry.values)
        field.values.push_back({one.dot, one.timestamp, {}, to_bytes(member.value)});
      return {};
    case SlotKind::kCounter: {
      CanonicalReader in(member.value);
      field.counter.push_back({{}, in.integer()});
      return in.finish();
    }
    case SlotKind::kSet: return fill_set(field, member.value, entry);
  }
  return do_not_fit();
}

/// All members of the shown value, the left-out id in its place. `id`: its value.
Result<std::vector<Member>> members_of(ByteView value, bool id_left_out, ByteView id) {
  // What a set shows is one level deeper than its elements.
  CanonicalReader in(value, limits::kTextDepthMax);
  const std::size_t size = in.map();
  std::vector<Member> members;
  members.reserve(size + 1);
  for (std::size_t i = 0; i < size; ++i) {
    const std::string_view name = in.text();
    members.push_back({name, in.value()});
  }
  LANYARD_TRY(in.finish());
  if (id_left_out) {
    const auto at = std::find_if(members.begin(), members.end(),
                                 [](const Member& member) { return member.name > kId; });
    members.insert(at, {kId, id});
  }
  return members;
}

Status add_side(Record& record, const SideRow& row) {
  Field& field = record.field(row.field);
  LANYARD_TRY_SET(Bytes value, from_json(row.value, limits::kTextDepthMax));
  switch (row.kind) {
    case SlotKind::kValue:
      field.values.push_back({row.dot, row.timestamp, row.hidden_by, std::move(value)});
      return {};
    case SlotKind::kCounter: {
      CanonicalReader in(value);
      field.counter.push_back({row.hidden_by, in.integer()});
      return in.finish();
    }
    case SlotKind::kSet:
      field.elements.push_back({std::move(value), row.dot, row.hidden_by});
      return {};
  }
  return do_not_fit();
}

void make_side_fields(Record& record, const RecordRowSet& rows) {
  std::vector<std::string_view> names;
  for (const SideRow& row : rows.conflicts) names.emplace_back(row.field);
  for (const SideRow& row : rows.trash) names.emplace_back(row.field);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  merge::make_fields(record, names);
}

void sort_slots(Field& field) {
  std::sort(field.values.begin(), field.values.end(),
            [](const auto& left, const auto& right) { return left.dot < right.dot; });
  std::sort(field.counter.begin(), field.counter.end(),
            [](const auto& left, const auto& right) { return left.hidden_by < right.hidden_by; });
  std::sort(field.elements.begin(), field.elements.end(), [](const auto& left, const auto& right) {
    const auto order = compare(left.value, right.value);
    return order != 0 ? order < 0 : left.dot < right.dot;
  });
}

}  // namespace

RecordRowSet to_rows(const Record& record, std::string_view key, const merge::HashOf& hash_of,
                     const merge::ShowLimits& show_limits) {
  const merge::FieldNames left_out = merge::fields_left_out(record, hash_of, show_limits);
  Splitter splitter(key, hash_of);
  for (const Field& field : record.fields)
    left_out.contains(field.name) ? splitter.leave_out(field) : splitter.take(field);
  return splitter.finish(record);
}

Result<Record> from_rows(const RecordRowSet& rows, std::string_view key) {
  Record record;
  record.heads = rows.dots.heads;
  Bytes value;
  Bytes id;
  if (rows.value) {
    LANYARD_TRY_SET(value, from_json(*rows.value, limits::kTextDepthMax));
    CanonicalWriter(id).text(key);
    LANYARD_TRY_SET(const auto members, members_of(value, rows.dots.id_left_out, id));
    const DotsEntry by_base{0, SlotKind::kValue, {rows.dots.base}, {}};
    auto entry = rows.dots.entries.begin();
    record.fields.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      Field& field = record.fields.emplace_back();
      field.name = members[i].name;
      const bool differs = entry != rows.dots.entries.end() && entry->member == i;
      LANYARD_TRY(fill(field, members[i], differs ? *entry++ : by_base));
    }
    if (entry != rows.dots.entries.end()) return do_not_fit();
  }
  make_side_fields(record, rows);
  for (const SideRow& row : rows.conflicts) LANYARD_TRY(add_side(record, row));
  for (const SideRow& row : rows.trash) LANYARD_TRY(add_side(record, row));
  const bool plain = rows.conflicts.empty() && rows.trash.empty();
  for (Field& field : record.fields) {
    if (!plain) sort_slots(field);
  }
  record.all_visible =
      rows.trash.empty() && std::all_of(record.heads.begin(), record.heads.end(),
                                        [](const auto& head) { return head.hidden_by.empty(); });
  return record;
}

std::string with_id(std::string_view value, std::string_view key) {
  std::string id = "\"id\":";
  append_json_string(key, id);
  // No escape changes how a name sorts beside "id": all stand for bytes before 'd'.
  std::size_t before = 1;
  std::size_t members = 0;
  for_each_member(value, [&](std::string_view name, std::string_view member) {
    ++members;
    if (name < kId) before = static_cast<std::size_t>(member.end() - value.begin());
  });
  if (members == 0) return "{" + id + "}";
  std::string out(value.substr(0, before));
  if (before == 1) return out + id + "," + std::string(value.substr(1));
  return out + "," + id + std::string(value.substr(before));
}

}  // namespace lanyard::storage
