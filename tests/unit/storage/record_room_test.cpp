// Records that come to more than is shown: what does not fit waits in the inbox, everywhere alike.
#include <rapidcheck/catch.h>

#include "replication/types/canonical.hpp"
#include "storage/record_codec.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

merge::Sibling sibling(std::uint64_t seq, const std::string& text) {
  Bytes value;
  CanonicalWriter(value).text(text);
  return {{0, seq}, Hlc{seq << 16}, {}, std::move(value)};
}

/// A record of text fields of these sizes, each by a change of its own.
merge::Record record_of(const std::vector<std::size_t>& sizes) {
  merge::Record record;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    record.field(name).values.push_back(sibling(i + 1, std::string(sizes[i], 'x')));
    record.heads.push_back({{0, i + 1}, {}});
  }
  record.all_visible = true;
  return record;
}

const merge::HashOf kNoHash = [](const merge::LocalDot&) { return Hash{}; };
using FieldsLeft = merge::FieldNames;

FieldsLeft left_out(const std::vector<std::size_t>& sizes, const merge::ShowLimits& limits) {
  return merge::fields_left_out(record_of(sizes), kNoHash, limits);
}

}  // namespace

TEST_CASE("what does not fit into a record is its largest fields, and of equal ones the last") {
  // {"a":"x","b":"xx"}: two braces, and of each field its name, its value, a colon and a comma.
  const auto of = [](std::size_t text) { return text + 7; };
  CHECK(left_out({1, 2, 3}, {2 + of(1) + of(2) + of(3), 3}) == FieldsLeft{});
  CHECK(left_out({1, 2, 3}, {1 + of(1) + of(2) + of(3), 3}) == FieldsLeft{"c"});
  CHECK(left_out({30, 2, 1}, {2 + of(1) + of(2), 3}) == FieldsLeft{"a"});
  CHECK(left_out({5, 5, 5}, {2 + 2 * of(5), 3}) == FieldsLeft{"c"});
  CHECK(left_out({5, 5, 5}, {1000, 2}) == FieldsLeft{"c"});
  CHECK(left_out({5, 6, 5}, {1000, 1}) == FieldsLeft{"b", "c"});
  CHECK(left_out({5, 6, 5}, {0, 0}) == FieldsLeft{"a", "b", "c"});
}

TEST_CASE("a record of which something is left out comes back whole from its rows") {
  rc::prop("for any fields and any bound", [] {
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(0, 40));
    merge::Record record =
        record_of({sizes.begin(), sizes.begin() + std::min<std::ptrdiff_t>(sizes.size(), 20)});
    for (merge::Field& field : record.fields) {
      if (*rc::gen::inRange(0, 3) == 0)
        field.values.push_back(sibling(100, std::string(*rc::gen::inRange(0, 40), 'y')));
      if (*rc::gen::inRange(0, 4) == 0) field.counter.push_back({{}, 7});
      if (*rc::gen::inRange(0, 4) == 0) field.elements.push_back({value("\"e\""), {0, 101}, {}});
    }
    const merge::ShowLimits limits{static_cast<std::size_t>(*rc::gen::inRange(0, 300)),
                                   static_cast<std::size_t>(*rc::gen::inRange(0, 20))};
    const RecordRowSet rows = to_rows(record, "k", kNoHash, limits);
    if (!record.is_empty()) RC_ASSERT(rows.value->size() <= std::max<std::size_t>(limits.bytes, 2));
    RC_ASSERT(must(from_rows(rows, "k")) == record);
  });
}

TEST_CASE("two devices that make a record too large together show the same of it, in any order") {
  constexpr int kEach = 20'000;
  const auto fields = [](char letter) {
    json out = json::object();
    for (int i = 0; i < kEach; ++i) out[letter + std::to_string(100'000 + i)] = 1;
    return out;
  };
  Group group(4);
  group.sync();
  group[0].write(patch("k", fields('a')));
  group[1].write(patch("k", fields('b')));
  group[2].write(patch("k", {{"c", 1}}));
  const auto shown_in = [](Device& device) {
    return rows_of(
        device.file(),
        "SELECT substr(m.key, 1, 1), count(*) FROM lanyard_records r, json_each(r.value) "
        "m WHERE r.key = 'k' GROUP BY 1 ORDER BY 1");
  };
  const auto is_shown = [&](const json& wanted) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      CHECK(shown_in(group[i]) == wanted);
      CHECK(group[i].state_hash() == group[0].state_hash());
      CHECK(must(group[i].store().without_effect()).empty());
    }
  };
  group[3].pull(group[1]);  // each has them in an order of its own
  group[3].pull(group[2]);
  group[3].pull(group[0]);
  group[0].pull(group[2]);
  group[0].pull(group[1]);
  group[1].pull(group[0]);
  group[2].pull(group[3]);
  const int room = static_cast<int>(limits::kRecordFieldsMax) - kEach - 1;
  is_shown(json::parse(R"([["a", 20000], ["b", 12767], ["c", 1]])"));
  CHECK(rows_of(group[3].file(), "SELECT count(*) FROM lanyard_conflicts")[0][0] == kEach - room);
  CHECK(group[3].check().differences.empty());

  // What would be left out itself is refused here; anything else is written.
  CHECK(code_of(group[0].try_write({patch("k", fields('d'))})) == Code::kTooLarge);
  group[0].write(patch("k", {{"c", 2}, {"e", 1}}));
  // What is left out is shown once there is room.
  std::vector<std::string> names;
  for (int i = 0; i < kEach; ++i) names.push_back('a' + std::to_string(100'000 + i));
  group[0].write(unset("k", names));
  for (std::size_t i = 1; i < group.size(); ++i) group[i].pull(group[0]);
  is_shown(json::parse(R"([["b", 20000], ["c", 1], ["e", 1]])"));
  CHECK(rows_of(group[2].file(), "SELECT count(*) FROM lanyard_conflicts")[0][0] == 0);
  CHECK(group[1].check().differences.empty());
}

TEST_CASE("who puts a record that they have read keeps what it has no room to show") {
  json many = json::object();
  for (int i = 0; i < 20'000; ++i) many["a" + std::to_string(100'000 + i)] = 1;
  json more = json::object();
  for (int i = 0; i < 20'000; ++i) more["b" + std::to_string(100'000 + i)] = 1;
  Group group(2);
  group.sync();
  group[0].write(patch("k", many));
  group[1].write(patch("k", more));
  group.sync();
  const auto waiting = [&] {
    return rows_of(group[0].file(), "SELECT count(*) FROM lanyard_conflicts")[0][0].get<int>();
  };
  const int left_out = waiting();
  CHECK(left_out == 40'000 - static_cast<int>(limits::kRecordFieldsMax));
  // It is edited as long as it does not grow.
  group[0].write(patch("k", {{"a100000", 2}}));
  CHECK(code_of(group[0].try_write({patch("k", {{"new", std::string(100, 'x')}})})) ==
        Code::kTooLarge);
  // As an app does that reads it, changes it, and puts it back. What it was not shown is there
  // again, with what was written in the same change.
  group[0].write(put("k", {{"a100000", 3}}));
  CHECK(waiting() == 0);
  CHECK(rows_of(group[0].file(),
                "SELECT substr(m.key, 1, 1), count(*) FROM lanyard_records r, "
                "json_each(r.value) m GROUP BY 1 ORDER BY 1") ==
        json::parse(R"([["a", 1], ["b", 20000]])"));
  group.sync();
  CHECK(group[1].state_hash() == group[0].state_hash());
}

}  // namespace lanyard::storage
