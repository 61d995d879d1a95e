#include "replication/merge/version_text.hpp"
#include "replication/types/json_text.hpp"
#include "storage/record_key.hpp"
#include "storage/sqlite_reader.hpp"
#include "storage/varint.hpp"

/// The conflict inbox and the trash.
namespace lanyard::storage {

std::string SqliteSpaceReader::conflict_id(std::string_view collection, std::string_view key,
                                           std::string_view field) const {
  // Lengths first: ("a", "bc") is not ("ab", "c").
  Bytes lengths;
  write_varint(lengths, collection.size());
  write_varint(lengths, key.size());
  const Hash hash = hasher_.hash({lengths, as_bytes(collection), as_bytes(key), as_bytes(field)});
  return "c-" + to_hex(hash.view().first(8));
}

Result<std::vector<ReadConflict>> SqliteSpaceReader::conflicts_of(
    merge::CollectionNumber number, const std::string& key, const std::vector<std::string>& of) {
  RecordRows rows(database_, [&](const merge::LocalDot& dot) { return log_rows_.hash_of(dot); });
  LANYARD_TRY_SET(const merge::StoredRecord stored, rows.load(number, key));
  LANYARD_TRY_SET(const std::string collection, name_of(number));
  const std::string version = merge::to_text(merge::read_version(stored.record), logs_);
  std::optional<Error> failed;
  const auto hash_of = [&](const merge::LocalDot& dot) {
    auto hash = log_rows_.hash_of(dot);
    if (!hash) failed = hash.error();
    return hash.value_or(Hash{});
  };
  const merge::FieldNames left_out = merge::fields_left_out(stored.record, hash_of);
  std::vector<ReadConflict> out;
  for (const std::string& name : of) {
    const merge::Field* field = stored.record.find(name);
    if (field == nullptr) continue;
    ReadConflict& conflict = out.emplace_back(
        ReadConflict{conflict_id(collection, key, name), collection, key, name, version, {}});
    for (const merge::Choice& choice : merge::choices(*field, hash_of)) {
      ReadSibling sibling;
      sibling.kind = choice.kind;
      sibling.json = to_json(choice.value);
      sibling.shown = conflict.siblings.empty() && !left_out.contains(name);
      sibling.time_ms = static_cast<std::int64_t>(choice.timestamp.ms());
      if (!choice.dots.empty() && choice.dots.front().log < devices_.size())
        sibling.device = devices_[choice.dots.front().log];
      for (const merge::LocalDot& dot : choice.dots)
        sibling.edits.push_back({logs_.id_of(dot.log), {dot.seq}});
      conflict.siblings.push_back(std::move(sibling));
    }
  }
  if (failed) return fail(*failed);
  return out;
}

Result<std::vector<ReadConflict>> SqliteSpaceReader::conflicts(
    const std::optional<RecordOf>& record, std::size_t limit) {
  std::vector<ReadConflict> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    std::optional<merge::CollectionNumber> of;
    if (record) {
      LANYARD_TRY_SET(of, number_of(record->collection));
      if (!of) return {};
    }
    Query all(database_,
              "SELECT DISTINCT collection, key, field FROM lanyard_conflicts ORDER BY collection, "
              "key, field LIMIT ?");
    Query one(database_,
              "SELECT DISTINCT collection, key, field FROM lanyard_conflicts WHERE collection = ? "
              "AND key = ? ORDER BY field LIMIT ?");
    Query& query = record ? one : all;
    const RecordKey bound_key(record ? std::string_view(record->key) : std::string_view{});
    if (record) {
      query.bind(*of);
      bound_key.bind_to(query);
    }
    query.bind(std::uint64_t{limit});
    struct Group {
      merge::CollectionNumber number;
      std::string key;
      std::vector<std::string> fields;
    };
    std::vector<Group> groups;
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      const auto number = static_cast<merge::CollectionNumber>(query.integer(0));
      std::string key = key_text(query, 1);
      if (groups.empty() || groups.back().number != number || groups.back().key != key)
        groups.push_back({number, std::move(key), {}});
      groups.back().fields.emplace_back(query.text(2));
    }
    for (const Group& group : groups) {
      LANYARD_TRY_SET(auto found, conflicts_of(group.number, group.key, group.fields));
      std::move(found.begin(), found.end(), std::back_inserter(out));
    }
    return {};
  }));
  return out;
}

Result<std::vector<ReadResolution>> SqliteSpaceReader::resolutions(const std::string& conflict) {
  std::vector<ReadResolution> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    // A file of before there were any is not updated by reading it.
    LANYARD_TRY_SET(const std::int64_t is_there,
                    database_.number("SELECT count(*) FROM sqlite_schema WHERE name = "
                                     "'lanyard_resolutions'"));
    if (is_there == 0) return {};
    Query query(database_,
                "SELECT max(number), conflict, collection, key, field, siblings, version FROM "
                "lanyard_resolutions WHERE conflict >= ?1 AND conflict < ?1 || 'g' GROUP BY "
                "conflict ORDER BY 1 DESC");
    query.bind(conflict);
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      ReadResolution& each = out.emplace_back();
      each.number = query.integer(0);
      each.conflict = query.text(1);
      each.collection = query.text(2);
      each.key = query.text(3);
      each.field = query.text(4);
      each.siblings = query.text(5);
      each.version = query.text(6);
    }
  }));
  return out;
}

Result<std::vector<ReadTrash>> SqliteSpaceReader::trash(const std::optional<RecordOf>& record,
                                                        std::size_t limit) {
  std::vector<ReadTrash> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    Query all(database_,
              "SELECT t.key, c.name, field, kind, value, timestamp, hidden_by FROM lanyard_trash t "
              "JOIN lanyard_collections c ON c.number = t.collection ORDER BY t.collection, t.key, "
              "field, kind, log, seq LIMIT ?");
    Query one(
        database_,
        "SELECT t.key, c.name, field, kind, value, timestamp, hidden_by FROM lanyard_trash t "
        "JOIN lanyard_collections c ON c.number = t.collection WHERE c.name = ? AND t.key = ? "
        "ORDER BY field, kind, log, seq LIMIT ?");
    Query& query = record ? one : all;
    const RecordKey bound_key(record ? std::string_view(record->key) : std::string_view{});
    if (record) {
      query.bind(std::string_view(record->collection));
      bound_key.bind_to(query);
    }
    query.bind(std::uint64_t{limit});
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      ReadTrash& item = out.emplace_back();
      item.key = key_text(query, 0);
      item.collection = query.text(1);
      item.field = query.text(2);
      item.kind = static_cast<merge::SlotKind>(query.integer(3));
      item.json = query.text(4);
      item.time_ms = static_cast<std::int64_t>(Hlc{query.natural(5)}.ms());
      BlobReader in(query.blob(6));
      item.deleted_by = logs_.global(in.dots());
      LANYARD_TRY(in.finish("deletes of a row in the trash"));
    }
  }));
  return out;
}

Result<std::vector<std::string>> SqliteSpaceReader::deleted(const std::string& collection) {
  std::vector<std::string> out;
  LANYARD_TRY(at_one_moment([&]() -> Status {
    LANYARD_TRY_SET(const auto number, number_of(collection));
    if (!number) return {};
    Query query(database_,
                "SELECT key FROM lanyard_records WHERE collection = ? AND value IS NULL "
                "ORDER BY key");
    query.bind(*number);
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) return {};
      out.push_back(key_text(query, 0));
    }
  }));
  return out;
}

}  // namespace lanyard::storage
