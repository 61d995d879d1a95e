#include "tests/support/map_table.hpp"

#include <algorithm>

namespace lanyard::support {

using merge::CollectionNumber;

Result<std::optional<CollectionNumber>> MapTable::find_collection(std::string_view name) {
  const auto found = std::find(collections_.begin(), collections_.end(), name);
  if (found == collections_.end()) return std::optional<CollectionNumber>{};
  return static_cast<CollectionNumber>(found - collections_.begin());
}

Result<CollectionNumber> MapTable::make_collection(std::string_view name) {
  LANYARD_TRY_SET(const auto found, find_collection(name));
  if (found) return *found;
  collections_.emplace_back(name);
  return static_cast<CollectionNumber>(collections_.size() - 1);
}

Result<merge::StoredRecord> MapTable::load(CollectionNumber collection, std::string_view key) {
  const auto found = records_.find({collection, std::string(key)});
  return found == records_.end() ? merge::StoredRecord{} : merge::StoredRecord{found->second};
}

Status MapTable::save(CollectionNumber collection, std::string_view key,
                      const merge::StoredRecord& stored) {
  records_[{collection, std::string(key)}] = stored.record;
  return {};
}

Result<bool> MapTable::insert_fresh(CollectionNumber collection, std::string_view key,
                                    const merge::LocalDot& dot, Hlc timestamp,
                                    const oplog::Op& op) {
  const auto [place, fresh] = records_.try_emplace({collection, std::string(key)});
  if (!fresh) return false;
  merge::Record& record = place->second;
  record.heads.push_back({dot, {}});
  for (const oplog::FieldValue& field : op.fields) {
    merge::Field& written = record.field(field.name);
    written.values.push_back({dot, timestamp, {}, to_bytes(field.value)});
  }
  return true;
}

Result<std::vector<std::string>> MapTable::keys(CollectionNumber collection,
                                                const std::optional<std::string>& after,
                                                std::size_t limit) {
  auto at =
      after ? records_.upper_bound({collection, *after}) : records_.lower_bound({collection, ""});
  std::vector<std::string> out;
  for (; at != records_.end() && at->first.first == collection && out.size() < limit; ++at)
    out.push_back(at->first.second);
  return out;
}

Result<std::optional<MapTable::Known>> MapTable::known_chunk(merge::LogNumber log, const Hash& hash,
                                                             std::uint64_t index, ByteView bytes) {
  const auto found = chunks_.find({log, hash, index});
  if (found == chunks_.end()) return std::nullopt;
  return Known{found->second.unused, equal(found->second.bytes, bytes)};
}

Result<std::optional<Bytes>> MapTable::chunk(merge::LogNumber log, const Hash& hash,
                                             std::uint64_t index) {
  const auto found = chunks_.find({log, hash, index});
  if (found == chunks_.end()) return std::optional<Bytes>{};
  return std::optional<Bytes>{found->second.bytes};
}

Status MapTable::put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                           ByteView bytes, std::uint64_t unused) {
  chunks_[{log, hash, index}] = {to_bytes(bytes), unused};
  return {};
}

Status MapTable::count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                             std::uint64_t unused) {
  chunks_.at({log, hash, index}).unused = unused;
  return {};
}

}  // namespace lanyard::support
