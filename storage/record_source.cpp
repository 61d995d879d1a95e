#include "storage/record_source.hpp"

#include "replication/types/limits.hpp"
#include "storage/mutation_rows.hpp"
#include "storage/space_file.hpp"
#include "storage/space_name.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kKeysAtOnce = 256;
/// What a record takes beside its values.
constexpr std::size_t kRecordBytes = 200;

std::size_t memory_of(const merge::Record& record) {
  std::size_t bytes = kRecordBytes;
  for (const merge::Field& field : record.fields) {
    for (const merge::Sibling& each : field.values) bytes += each.value.size() + field.name.size();
    for (const merge::SetElement& each : field.elements) bytes += each.value.size();
  }
  return bytes;
}

}  // namespace

RecordSource::RecordSource(Database database)
    : database_(std::move(database)),
      log_rows_(database_),
      records_(database_, [this](const merge::LocalDot& dot) { return log_rows_.hash_of(dot); }) {}

Result<std::unique_ptr<RecordSource>> RecordSource::open(const std::filesystem::path& file,
                                                         const SpaceId& space, Rng& rng) {
  OpenFile what;
  what.file = file;
  what.space = space;
  what.read_only = true;
  LANYARD_TRY_SET(SpaceFile opened, open_space_file(what, rng));
  std::unique_ptr<RecordSource> source(new RecordSource(std::move(opened.database)));
  LANYARD_TRY(source->load());
  return source;
}

Status RecordSource::load() {
  LANYARD_TRY(log_rows_.load());
  return records_.load();
}

merge::HashOf RecordSource::hash_of() {
  return [this](const merge::LocalDot& dot) {
    const auto hash = log_rows_.hash_of(dot);
    return hash ? *hash : Hash{};
  };
}

Result<std::vector<KnownMutation>> RecordSource::mutations() {
  return MutationRows(database_).newest(limits::kMutationsCarriedMax);
}

Result<bool> RecordSource::is_unused() {
  Query query(database_,
              "SELECT NOT EXISTS (SELECT 1 FROM lanyard_records r JOIN lanyard_collections c"
              " ON c.number = r.collection WHERE c.name <> ?)"
              " AND NOT EXISTS (SELECT 1 FROM lanyard_trash)"
              // Nor what a newer program wrote, which this one keeps and cannot show.
              " AND NOT EXISTS (SELECT 1 FROM lanyard_ineffective)");
  LANYARD_TRY(query.bind(std::string_view(kSpaceCollection)).next());
  return query.integer(0) != 0;
}

Result<std::vector<merge::NamedRecord>> RecordSource::next(CarryPlace& place,
                                                           std::size_t bytes_max) {
  std::vector<merge::NamedRecord> out;
  std::size_t bytes = 0;
  while (place.collection < records_.collection_count()) {
    const std::string& collection = records_.collection_name(place.collection);
    std::vector<std::string> keys;
    if (collection != kSpaceCollection) {
      LANYARD_TRY_SET(keys, records_.keys(place.collection, place.key, kKeysAtOnce));
    }
    if (keys.empty()) {
      ++place.collection;
      place.key.reset();
      continue;
    }
    for (const std::string& key : keys) {
      LANYARD_TRY_SET(merge::StoredRecord stored, records_.load(place.collection, key));
      bytes += memory_of(stored.record);
      out.push_back({collection, key, std::move(stored.record)});
      place.key = key;
      if (bytes >= bytes_max) return out;
    }
  }
  place.is_over = true;
  return out;
}

}  // namespace lanyard::storage
