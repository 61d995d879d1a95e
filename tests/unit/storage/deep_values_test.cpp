// Values that nest more than the first encoding allows, through a store and to another device.
#include <nlohmann/json.hpp>

#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "storage/space_reader.hpp"
#include "tests/unit/storage/storage_test.hpp"

namespace lanyard::storage {
namespace {

using nlohmann::json;

/// So many objects in one another, with a text of this size in the innermost.
json nested(std::size_t levels, std::size_t bytes = 1) {
  json out = std::string(bytes, 'x');
  for (std::size_t i = 0; i < levels; ++i) out = json{{"content", out}};
  return out;
}

std::string shown_text(Device& device, const std::string& key) {
  return must(must(SpaceReader::open(device.file(), device.space(), device.ports().hasher))
                  ->get("notes", key))
      .json;
}

TEST_CASE("values of 64 levels are kept, reach other devices and are rebuilt, chunked ones too") {
  Group group(2);
  Device& a = group[0];
  std::map<std::string, json> written;
  for (const std::size_t levels : {std::size_t{16}, std::size_t{17}, limits::kValueDepthMax}) {
    written["small" + std::to_string(levels)] = nested(levels);
    written["large" + std::to_string(levels)] = nested(levels, 2 * limits::kOpBytesMax);
  }
  for (const auto& [key, value] : written) a.write(put(key, {{"doc", value}}));
  a.write(set_op(oplog::OpKind::kSetAdd, "set", "tags", nested(limits::kValueDepthMax)));
  // Each is read again, as it is stored, by whoever edits it.
  for (const auto& [key, value] : written) a.write(patch(key, {{"title", "t"}}));
  a.write(patch("set", {{"title", "t"}}));
  group[1].pull(a);
  CHECK(group[1].state_hash() == a.state_hash());
  for (const auto& [key, value] : written) {
    INFO(key);
    CHECK(shown_text(group[1], key) == (json{{"doc", value}, {"title", "t"}}.dump()));
  }
  for (std::size_t device = 0; device < group.size(); ++device)
    CHECK(group[device].check().differences.empty());
}

TEST_CASE("a value of 65 levels is refused before it is numbered, chunked ones too") {
  Group group(1);
  const VectorClock before = group[0].clock();
  for (const std::size_t bytes : {std::size_t{1}, 2 * limits::kOpBytesMax}) {
    LocalOp op = put("k", json::object());
    const std::string text = nested(limits::kValueDepthMax + 1, bytes).dump();
    op.fields.emplace_back("doc", must(from_json(text, limits::kTextDepthMax)));
    const auto refused = group[0].try_write({op});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().is(Code::kTooLarge));
    CHECK(refused.error().detail.find("64 levels") != std::string::npos);
  }
  CHECK(group[0].clock() == before);
}

}  // namespace
}  // namespace lanyard::storage
