#include "storage/space_name.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "storage/names.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::storage {
namespace {

constexpr const char* kKey = "info";
constexpr const char* kField = "name";

/// The member of a canonical map, if it is a text.
std::string text_member(ByteView record, std::string_view name) {
  CanonicalReader in(record);
  for (std::size_t left = in.map(); left > 0; --left) {
    const bool is_it = in.text() == name;
    const ByteView value = in.value();
    CanonicalReader inside(value);
    if (is_it && inside.peek() == CanonicalReader::Kind::kText) return std::string(inside.text());
  }
  return {};
}

}  // namespace

LocalChange name_record(const std::string& name) {
  Bytes value;
  CanonicalWriter(value).text(name);
  LocalChange change;
  LocalOp& op = change.ops.emplace_back();
  op.kind = oplog::OpKind::kPut;
  op.collection = kSpaceCollection;
  op.key = kKey;
  op.fields.emplace_back(kField, std::move(value));
  return change;
}

Result<std::string> read_space_name(const std::filesystem::path& file, const SpaceId& space,
                                    const Hasher& hasher) {
  LANYARD_TRY_SET(const auto reader, SpaceReader::open(file, space, hasher));
  LANYARD_TRY_SET(const ReadRecord record, reader->get(kSpaceCollection, kKey));
  if (record.json.empty()) return std::string();
  LANYARD_TRY_SET(const Bytes members, from_json(record.json, limits::kTextDepthMax));
  return space_name_from_outside(text_member(members, kField));
}

}  // namespace lanyard::storage
