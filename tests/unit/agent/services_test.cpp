#include <catch2/catch.hpp>

#include "agent/ascii_text.hpp"
#include "agent/json/op_reader.hpp"
#include "agent/service/conflict_service.hpp"
#include "agent/service/import_service.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/json_text.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using oplog::OpKind;

namespace {

storage::KnownDevice a_device(std::uint8_t seed, const char* name, bool forgotten = false) {
  storage::KnownDevice out;
  out.id.bytes.fill(seed);
  out.name = name;
  out.forgotten = forgotten;
  return out;
}

storage::SpaceEntry a_space(std::uint8_t seed, const char* name, bool left = false) {
  storage::SpaceEntry out;
  out.id.bytes.fill(seed);
  out.name = name;
  out.left = left;
  return out;
}

/// "put c/k {"a":1} @version" and so on, one a line.
std::string described(const std::vector<storage::LocalOp>& ops) {
  std::string out;
  for (const auto& op : ops) {
    out += std::to_string(static_cast<int>(op.kind)) + " " + op.collection + "/" + op.key;
    for (const auto& [name, value] : op.fields)
      out += " " + std::string(name) + "=" + to_json(value);
    for (const auto& name : op.names) out += " -" + name;
    if (!op.field.empty()) out += " " + op.field;
    if (op.kind == OpKind::kAdd) out += " " + std::to_string(op.amount);
    if (!op.element.empty()) out += " " + to_json(op.element);
    if (op.based_on) out += " @" + *op.based_on;
    if (op.restore) out += " restore";
    if (op.deep) out += " deep";
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("a device is found by name, by id and by the beginning of its id") {
  const std::vector<storage::KnownDevice> devices = {
      a_device(1, "Pi"), a_device(2, "phone"), a_device(3, "phone"), a_device(4, "old", true)};
  const auto found = [&](const std::string& name) {
    const auto device = resolve_device(devices, name);
    return device ? std::to_string(device->id.bytes[0]) : device.error().detail;
  };
  CHECK(found("Pi") == "1");
  CHECK(found("pi") == "1");
  CHECK(found(to_text(devices[1].id)) == "2");
  CHECK(found(to_short_text(devices[1].id)) == "2");
  CHECK_THAT(found("phone"),
             Catch::Contains("\"phone\" could be phone (" + to_short_text(devices[1].id) +
                             "), phone (" + to_short_text(devices[2].id) + ")"));
  CHECK(resolve_device(devices, "phone").error().is(Code::kUsage));
  CHECK(resolve_device(devices, "old").error().is(Code::kNotFound));
  CHECK_THAT(resolve_device(devices, "phoen").error().fix, Catch::Contains("phone"));
  CHECK(resolve_device(devices, "").error().is(Code::kNotFound));
}

TEST_CASE("a name that only others told gives a device nothing") {
  std::vector<storage::KnownDevice> devices = {a_device(1, "pi"), a_device(2, "ada-phone")};
  devices[1].named_by_others = true;
  CHECK(resolve_device(devices, "ada-phone")->id == devices[1].id);
  for (const char* name : {"ada-phone", "ADA-phone", " ada-phone "}) {
    INFO(name);
    const auto refused = resolve_trusted_device(devices, name);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().is(Code::kUsage));
    CHECK_THAT(refused.error().detail, Catch::Contains("has not met it"));
    CHECK_THAT(refused.error().fix, Catch::Contains(to_text(devices[1].id)));
  }
  // Its id means it, and a name that is known here means its device.
  CHECK(resolve_trusted_device(devices, to_text(devices[1].id))->id == devices[1].id);
  CHECK(resolve_trusted_device(devices, to_short_text(devices[1].id))->id == devices[1].id);
  CHECK(resolve_trusted_device(devices, "pi")->id == devices[0].id);
  CHECK(resolve_trusted_device(devices, "nobody").error().is(Code::kNotFound));
  devices.push_back(a_device(3, "ada-phone"));
  CHECK(resolve_trusted_device(devices, "ada-phone")->id == devices[2].id);
  CHECK(marked_name(devices[1]) == devices[1].name + " (as others say)");
  CHECK(marked_name(devices[2]) == "ada-phone");
}

TEST_CASE("what reads like a device's id is never another device's name") {
  const DeviceId meant = a_device(2, "").id;
  const std::string brief = to_short_text(meant);
  std::string bare = to_text(meant);
  std::erase(bare, '-');
  // Each as an attacker, or chance, might call another device.
  for (const std::string& name : {brief, lower(brief), bare, lower(bare), to_text(meant),
                                  brief.substr(0, 4), " " + brief + " "}) {
    INFO(name);
    std::vector<storage::KnownDevice> devices = {a_device(1, name.c_str()), a_device(2, "pi")};
    const auto found = resolve_device(devices, name);
    if (found) CHECK(found->id == meant);
    if (!found) CHECK(found.error().is(Code::kUsage));
    CHECK(resolve_device(devices, brief)->id == meant);
    CHECK(resolve_device(devices, to_text(meant))->id == meant);
    // Nor where the device that is meant is not known here.
    devices.pop_back();
    CHECK_FALSE(resolve_device(devices, brief));
    CHECK_FALSE(resolve_device(devices, to_text(meant)));
  }
}

TEST_CASE("who could be meant by a name and another by an id's beginning is asked for the id") {
  const std::vector<storage::KnownDevice> devices = {
      a_device(1, to_text(a_device(2, "").id).substr(0, 4).c_str()), a_device(2, "pi")};
  const auto found = resolve_device(devices, devices[0].name);
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().detail, Catch::Contains("could be"));
}

TEST_CASE("what reads like a space's id is never another space's name") {
  const SpaceId meant = a_space(2, "").id;
  std::string bare = to_text(meant);
  std::erase(bare, '-');
  std::string loud = to_text(meant);
  for (char& c : loud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& name : {to_text(meant), bare, loud, "{" + to_text(meant) + "}"}) {
    INFO(name);
    std::vector<storage::SpaceEntry> spaces = {a_space(1, name.c_str()), a_space(2, "notes")};
    REQUIRE(resolve_space(spaces, name));
    CHECK(resolve_space(spaces, name)->id == meant);
    spaces.pop_back();
    CHECK_FALSE(resolve_space(spaces, name));
  }
}

TEST_CASE("a name is found whatever nobody sees in it") {
  const std::vector<storage::SpaceEntry> spaces = {a_space(1, "notes")};
  CHECK(resolve_space(spaces, " notes\u200b ")->id == spaces[0].id);
}

TEST_CASE("a space is found by its name or id, and one that was left says so") {
  const std::vector<storage::SpaceEntry> spaces = {a_space(1, "notes"), a_space(2, "old", true)};
  CHECK(resolve_space(spaces, "notes")->id == spaces[0].id);
  CHECK(resolve_space(spaces, to_text(spaces[0].id))->id == spaces[0].id);
  CHECK_THAT(resolve_space(spaces, "nots").error().fix, Catch::Contains("\"notes\""));
  CHECK_THAT(resolve_space(spaces, "old").error().detail, Catch::Contains("was left"));
  CHECK(resolve_space(spaces, "old", true)->id == spaces[1].id);
}

TEST_CASE("ops are read from JSON") {
  struct Row {
    const char* json;
    const char* ops;
  };
  const Row rows[] = {
      {R"({"op":"put","collection":"c","key":"k","value":{"b":[1],"a":null},"basedOn":"v"})",
       "1 c/k a=null b=[1] @v\n"},
      {R"({"op":"put","collection":"c","key":"k","value":{}})", "1 c/k\n"},
      {R"({"op":"patch","collection":"c","key":"k","value":{"a":1,"b":null}})",
       "3 c/k -b\n2 c/k a=1 deep\n"},
      {R"({"op":"patch","collection":"c","key":"k","value":{"a":{"x":null}},"deep":true})",
       "2 c/k a={\"x\":null} deep\n"},
      {R"({"op":"patch","collection":"c","key":"k","value":{"a":{},"b":null},"deep":false})",
       "3 c/k -b\n2 c/k a={}\n"},
      {R"({"op":"patch","collection":"c","key":"k","value":{"b":null}})", "3 c/k -b\n"},
      {R"({"op":"patch","collection":"c","key":"k","value":{}})", "2 c/k deep\n"},
      {R"({"op":"delete","collection":"c","key":"k"})", "4 c/k\n"},
      {R"({"op":"restore","collection":"c","key":"k"})", "2 c/k restore\n"},
      {R"({"op":"add","collection":"c","key":"k","value":{"n":-3}})", "6 c/k n -3\n"},
      {R"({"op":"set-add","collection":"c","key":"k","value":{"s":[1,"a"]}})",
       "7 c/k s 1\n7 c/k s \"a\"\n"},
      {R"({"op":"set-remove","collection":"c","key":"k","value":{"s":[1]}})", "8 c/k s 1\n"},
  };
  for (const Row& row : rows) {
    INFO(row.json);
    std::vector<storage::LocalOp> ops;
    CHECK(read_op(row.json, ops));
    CHECK(described(ops) == row.ops);
  }
  const char* const bad[] = {
      "[]",
      "{}",
      R"({"op":"put","collection":"c","key":"k"})",
      R"({"op":"put","collection":"c","key":"k","value":[]})",
      R"({"op":"put","collection":"c","key":"k","value":{"a":tru}})",
      R"({"op":"put","collection":"c","key":"k","value":{"a":1,"a":2}})",
      R"({"op":"put","collection":5,"key":"k","value":{}})",
      R"({"op":"delete","collection":"c","key":"k","value":{}})",
      R"({"op":"jump","collection":"c","key":"k","value":{}})",
      R"({"op":"put","collection":"c","key":"k","value":{},"more":"x"})",
      R"({"op":"add","collection":"c","key":"k","value":{"n":1.5}})",
      R"({"op":"set-add","collection":"c","key":"k","value":{"s":1}})",
      R"({"op":"put","collection":"c","key":"k","value":{},"deep":true})",
      R"({"op":"patch","collection":"c","key":"k","value":{},"deep":1})",
      R"({"op":"patch","collection":"c","key":"k","value":{},"deep":"false"})",
      R"({"op":"put","collection":"lanyard_space","key":"info","value":{"name":"x"}})",
      R"({"op":"delete","collection":"lanyard_space","key":"info"})",
  };
  for (const char* const row : bad) {
    INFO(row);
    std::vector<storage::LocalOp> ops;
    const Status read = read_op(row, ops);
    REQUIRE_FALSE(read);
    CHECK(read.error().is(Code::kUsage));
  }
}

TEST_CASE("conditions are read from JSON and met by records") {
  struct Row {
    const char* where;
    const char* record;
    bool met;
  };
  const Row rows[] = {
      {R"({})", R"({})", true},
      {R"({"a":1})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":1.0})", true},
      {R"({"a":1})", R"({"a":true})", false},
      {R"({"a":9007199254740993})", R"({"a":9007199254740992.0})", false},
      {R"({"a":{"gt":9007199254740992.0}})", R"({"a":9007199254740993})", true},
      {R"({"a":{"ne":1.0}})", R"({"a":1})", false},
      {R"({"a":[1,{"b":2}]})", R"({"a":[1.0,{"b":2.0}]})", true},
      {R"({"a":"x\u0000y"})", R"({"a":"x"})", false},
      {R"({"a":"x\u0000y"})", R"({"a":"x\u0000y"})", true},
      {R"({"a":{"prefix":"x\u0000"}})", R"({"a":"x\u0000y"})", true},
      {R"({"id":"the key"})", R"({})", true},
      {R"({"id":"the key"})", R"({"id":null})", true},
      {R"({"id":"the key"})", R"({"id":"another"})", false},
      {R"({"id":{"in":["another",5]}})", R"({"id":5.0})", true},
      {R"({"a":1})", R"({})", false},
      {R"({"a":null})", R"({"a":null})", true},
      {R"({"a":{"eq":{"x":1}}})", R"({"a":{"x":1}})", true},
      {R"({"a":{"ne":1}})", R"({"a":2})", true},
      {R"({"a":{"ne":1}})", R"({})", true},
      {R"({"a":{"ne":1}})", R"({"a":1})", false},
      {R"({"a":{"gt":1,"lt":3}})", R"({"a":2})", true},
      {R"({"a":{"gt":1,"lt":3}})", R"({"a":3})", false},
      {R"({"a":{"gt":1}})", R"({"a":1.5})", true},
      {R"({"a":{"ge":2,"le":2}})", R"({"a":2})", true},
      {R"({"a":{"gt":1}})", R"({"a":"2"})", false},
      {R"({"a":{"gt":"a"}})", R"({"a":"b"})", true},
      {R"({"a":{"in":[1,"x"]}})", R"({"a":"x"})", true},
      {R"({"a":{"in":[]}})", R"({"a":"x"})", false},
      {R"({"a":{"prefix":"ab"}})", R"({"a":"abc"})", true},
      {R"({"a":{"prefix":"ab"}})", R"({"a":"b"})", false},
      {R"({"a":1,"b":2})", R"({"a":1,"b":2,"c":3})", true},
      {R"({"a":1,"b":2})", R"({"a":1,"b":3})", false},
  };
  for (const Row& row : rows) {
    INFO(row.where << " " << row.record);
    const auto where = read_where(row.where);
    REQUIRE(where);
    CHECK(where->is_met_by(row.record, "the key") == row.met);
  }
  for (const char* const row : {"", "[]", "1", R"({"a":{"like":1}})", R"({"a":{"in":1}})",
                                R"({"a":{"prefix":1}})", R"({"a":tru})", R"({"a":{"gt":}})",
                                R"({"a":{"gt":null}})", R"({"a":{"le":[1]}})", R"({"a":{}})"})
    CHECK_FALSE(read_where(row));
}

TEST_CASE("what is imported again differs in nothing") {
  const auto differing = [](const char* stored, const char* incoming) {
    std::string out;
    const auto fields = fields_from_json(incoming);
    const auto differ = differing_fields(stored, fields.value());
    for (const auto& [name, value] : differ.value())
      out += std::string(name) + "=" + to_json(value) + " ";
    return out;
  };
  CHECK(differing(R"({"a":1,"b":[1,{"x":2.0}]})", R"({"b":[1,{"x":2.0}],"a":1})").empty());
  CHECK(differing(R"({"a":1,"kept":2})", R"({"a":1})").empty());
  CHECK(differing(R"({"a":1})", R"({"a":1.0,"b":null})") == "a=1.0 b=null ");
}

TEST_CASE("siblings that are objects merge member by member, the shown one first") {
  const auto merged = [](const std::vector<const char*>& jsons) {
    std::vector<storage::ReadSibling> siblings;
    for (const char* json : jsons) siblings.emplace_back().json = json;
    const auto value = merged_value(siblings);
    return value ? to_json(*value) : value.error().code.message();
  };
  CHECK(merged({R"({"a":1,"b":2})", R"({"b":3,"c":4})"}) == R"({"a":1,"b":2,"c":4})");
  CHECK(merged({R"({"a":1})", "5"}) == "usage");
}
