#include "storage/record_rows.hpp"

#include <algorithm>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "storage/json_scan.hpp"
#include "storage/record_key.hpp"
#include "storage/varint.hpp"

namespace lanyard::storage {
namespace {

bool same_names(const std::vector<oplog::FieldValue>& fields,
                const std::vector<std::string>& last) {
  return std::equal(fields.begin(), fields.end(), last.begin(), last.end(),
                    [](const auto& field, const auto& name) { return field.name == name; });
}

/// Whether all of the op's fields are shown; false says nothing.
bool fits_surely(const oplog::Op& op) {
  std::size_t bytes = 0;
  for (const oplog::FieldValue& field : op.fields)
    bytes += 32 + 6 * field.name.size() + merge::json_bytes_at_most(field.value);
  return bytes <= limits::kRecordShownBytesMax && op.fields.size() <= limits::kRecordFieldsMax;
}

/// Whether the value is the text `key`.
bool is_text(ByteView value, std::string_view key) {
  return value.size() > key.size() && value.size() <= key.size() + 5 &&
         CanonicalReader(value).peek() == CanonicalReader::Kind::kText &&
         as_text(value.subspan(value.size() - key.size())) == key;
}

}  // namespace

RecordRows::RecordRows(Database& database, FindHash hash_of)
    : database_(&database), hash_of_(std::move(hash_of)) {}

Status RecordRows::load() {
  LANYARD_TRY_SET(const std::int64_t count,
                  database_->number("SELECT count(*) FROM lanyard_collections"));
  count_ = static_cast<merge::CollectionNumber>(count);
  shape_changed_ = true;  // a power cut may have taken the views: they are looked at once
  return {};
}

bool RecordRows::take_shape_changed() { return std::exchange(shape_changed_, false); }

// ---- collections and fields

const std::string& RecordRows::remember(merge::CollectionNumber number,
                                        std::string_view name) const {
  numbers_.emplace(name, number);
  return names_.insert_or_assign(number, std::string(name)).first->second;
}

Result<std::optional<merge::CollectionNumber>> RecordRows::find_collection(std::string_view name) {
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) return known->second;
  Query query(*database_, "SELECT number FROM lanyard_collections WHERE name = ?");
  query.bind(name);
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return std::nullopt;
  const auto number = static_cast<merge::CollectionNumber>(query.integer(0));
  remember(number, name);
  return number;
}

Result<merge::CollectionNumber> RecordRows::make_collection(std::string_view name) {
  LANYARD_TRY_SET(const auto found, find_collection(name));
  if (found) return *found;
  Query query(*database_, "INSERT INTO lanyard_collections (number, name) VALUES (?, ?)");
  LANYARD_TRY(query.bind(count_).bind(name).run());
  remember(count_, name);
  shape_changed_ = true;
  return count_++;
}

const std::string& RecordRows::collection_name(merge::CollectionNumber collection) const {
  const auto known = names_.find(collection);
  if (known != names_.end()) return known->second;
  Query query(*database_, "SELECT name FROM lanyard_collections WHERE number = ?");
  const auto found = query.bind(collection).next();
  return remember(collection, found && *found ? query.text(0) : std::string_view{});
}

Result<RecordRows::Fields*> RecordRows::fields_of(merge::CollectionNumber collection) {
  const auto [at, is_new] = fields_.try_emplace(collection);
  if (!is_new) return &at->second;
  Query query(*database_, "SELECT name FROM lanyard_fields WHERE collection = ?");
  query.bind(collection);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return &at->second;
    at->second.names.emplace(query.text(0));
  }
}

Status RecordRows::saw_fields(merge::CollectionNumber collection, const oplog::Op& op) {
  if (op.fields.empty() && op.field.empty()) return {};
  LANYARD_TRY_SET(Fields* const fields, fields_of(collection));
  if (!op.field.empty()) return saw_field(collection, *fields, op.field);
  if (same_names(op.fields, fields->last)) return {};
  fields->last.clear();
  for (const oplog::FieldValue& field : op.fields) {
    LANYARD_TRY(saw_field(collection, *fields, field.name));
    fields->last.emplace_back(field.name);
  }
  return {};
}

Status RecordRows::saw_field(merge::CollectionNumber collection, Fields& fields,
                             std::string_view name) {
  const bool full = fields.names.size() >= kFieldsMax;
  if (fields.names.contains(name) || (full && name > *fields.names.rbegin())) return {};
  shape_changed_ = true;
  if (full) {
    Query drop(*database_, "DELETE FROM lanyard_fields WHERE collection = ? AND name = ?");
    LANYARD_TRY(drop.bind(collection).bind(std::string_view(*fields.names.rbegin())).run());
    fields.names.erase(std::prev(fields.names.end()));
  }
  fields.names.emplace(name);
  Query insert(*database_, "INSERT INTO lanyard_fields (collection, name) VALUES (?, ?)");
  return insert.bind(collection).bind(name).run();
}

// ---- records

Result<merge::StoredRecord> RecordRows::load(merge::CollectionNumber collection,
                                             std::string_view key) {
  Query query(*database_,
              "SELECT record, value, dots FROM lanyard_records WHERE collection = ? AND key = ?");
  query.bind(collection);
  const RecordKey bound_key(key);
  bound_key.bind_to(query);
  LANYARD_TRY_SET(const bool found, query.next());
  merge::StoredRecord stored;
  if (!found) return stored;
  stored.row = query.integer(0);
  RecordRowSet rows;
  if (!query.is_null(1)) rows.value = std::string(query.text(1));
  stored.shown_bytes = rows.value ? rows.value->size() : 0;
  LANYARD_TRY_SET(rows.dots, decode_dots(query.blob(2)));
  if (rows.dots.has_conflicts) {
    LANYARD_TRY_SET(rows.conflicts, read_conflicts(*database_, collection, key));
  }
  if (rows.dots.has_trash) {
    LANYARD_TRY_SET(rows.trash, read_trash(*database_, collection, key));
  }
  stored.marks =
      (rows.dots.has_conflicts ? kMarkConflicts : 0U) | (rows.dots.has_trash ? kMarkTrash : 0U);
  LANYARD_TRY_SET(stored.record, from_rows(rows, key));
  return stored;
}

Status RecordRows::save(merge::CollectionNumber collection, std::string_view key,
                        const merge::StoredRecord& stored) {
  std::optional<Error> failed;
  const RecordRowSet rows = to_rows(stored.record, key, [&](const merge::LocalDot& dot) {
    auto hash = hash_of_(dot);
    if (!hash) failed = hash.error();
    return hash.value_or(Hash{});
  });
  if (failed) return fail(*failed);
  last_.collection.reset();
  LANYARD_TRY(delete_sides(collection, key, stored.marks));
  dots_.clear();
  encode(rows.dots, dots_);
  const RecordKey bound_key(key);
  if (stored.row != 0) {
    Query update(*database_, "UPDATE lanyard_records SET value = ?, dots = ? WHERE record = ?");
    rows.value ? update.bind(std::string_view(*rows.value)) : update.bind_null();
    LANYARD_TRY(update.bind(ByteView(dots_)).bind(stored.row).run());
  } else {
    Query insert(*database_,
                 "INSERT INTO lanyard_records (value, dots, collection, key) VALUES (?, ?, ?, ?)");
    rows.value ? insert.bind(std::string_view(*rows.value)) : insert.bind_null();
    insert.bind(ByteView(dots_)).bind(collection);
    bound_key.bind_to(insert);
    LANYARD_TRY(insert.run());
  }
  if (rows.value) {
    LANYARD_TRY(saw_zeros(collection, *rows.value));
    if (const auto id = find_member(*rows.value, "id")) {
      if (const auto value = from_json(*id)) LANYARD_TRY(saw_id(collection, key, *value));
    }
  }
  LANYARD_TRY(insert_sides(collection, key, rows));
  json_ = rows.value.value_or("");
  last_ = {collection, std::string(key), rows.value.has_value(), rows.dots.id_left_out,
           rows.dots.has_conflicts};
  return {};
}

Result<bool> RecordRows::insert_fresh(merge::CollectionNumber collection, std::string_view key,
                                      const merge::LocalDot& dot, Hlc timestamp,
                                      const oplog::Op& op) {
  if (!fits_surely(op)) return false;
  ByteView own_id;  // where the record has one that is not its key
  bool id_left_out = false;
  last_.collection.reset();
  json_.assign(1, '{');
  for (const oplog::FieldValue& field : op.fields) {
    if (field.name == "id") {
      id_left_out = is_text(field.value, key);
      if (id_left_out) continue;
      own_id = field.value;
    }
    if (json_.size() > 1) json_ += ',';
    append_json_string(field.name, json_);
    json_ += ':';
    append_json(field.value, json_);
  }
  json_ += '}';
  dots_.clear();
  // As save() has it: of a record without members no stamp is kept.
  encode_simple({dot, op.fields.empty() ? Hlc{} : timestamp}, id_left_out, dots_);
  Query query(*database_,
              "INSERT INTO lanyard_records (collection, key, value, dots) VALUES (?, ?, ?, ?) "
              "ON CONFLICT DO NOTHING");
  const RecordKey bound_key(key);
  query.bind(collection);
  bound_key.bind_to(query);
  LANYARD_TRY(query.bind(std::string_view(json_)).bind(ByteView(dots_)).run());
  if (database_->changes() != 1) return false;
  LANYARD_TRY(saw_zeros(collection, json_));
  if (!own_id.empty()) LANYARD_TRY(saw_id(collection, key, own_id));
  last_ = {collection, std::string(key), true, id_left_out, false};
  return true;
}

Result<std::vector<std::string>> RecordRows::keys(merge::CollectionNumber collection,
                                                  const std::optional<std::string>& after,
                                                  std::size_t limit) {
  Query all(*database_,
            "SELECT key FROM lanyard_records WHERE collection = ? ORDER BY key LIMIT ?");
  Query behind(*database_,
               "SELECT key FROM lanyard_records WHERE collection = ? AND key > ? ORDER BY key "
               "LIMIT ?");
  Query& query = after ? behind : all;
  query.bind(collection);
  const RecordKey from(after ? std::string_view(*after) : std::string_view{});
  if (after) from.bind_to(query);
  query.bind(std::int64_t(limit));
  std::vector<std::string> out;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(key_text(query, 0));
  }
}

Result<RecordRows::Shown> RecordRows::shown(std::string_view collection, std::string_view key) {
  LANYARD_TRY_SET(const auto number, find_collection(collection));
  if (!number) return Shown{};
  const auto shown_of = [key](std::string_view value, bool id_left_out, bool has_conflicts) {
    return Shown{id_left_out ? with_id(value, key) : std::string(value), has_conflicts};
  };
  if (last_.collection == number && last_.key == key)
    return last_.is_shown ? shown_of(json_, last_.id_left_out, last_.has_conflicts) : Shown{};
  Query query(*database_,
              "SELECT value, dots FROM lanyard_records WHERE collection = ? AND key = ?");
  const RecordKey bound_key(key);
  query.bind(*number);
  bound_key.bind_to(query);
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found || query.is_null(0)) return Shown{};
  LANYARD_TRY_SET(const Dots dots, decode_dots(query.blob(1)));
  return shown_of(query.text(0), dots.id_left_out, dots.has_conflicts);
}

// ---- what is known of values

Status RecordRows::saw_id(merge::CollectionNumber collection, std::string_view key, ByteView id) {
  if (CanonicalReader(id).peek() == CanonicalReader::Kind::kNil) return {};
  const SqlValue own = sql_value_of(id);
  const RecordKey bound_key(key);
  Query query(*database_,
              "INSERT OR IGNORE INTO lanyard_own_ids (collection, id, key) VALUES (?, ?, ?)");
  query.bind(collection);
  bind(query, own);
  bound_key.bind_to(query);
  return query.run();
}

Status RecordRows::saw_zeros(merge::CollectionNumber collection, std::string_view json) {
  constexpr std::string_view kZero = "\\u0000";
  if (json.find(kZero) == std::string_view::npos) return {};
  std::vector<std::string> names;
  for_each_member(json, [&](std::string_view name, std::string_view value) {
    // A backslash and the letters behind it look the same: that costs time alone.
    if (!value.starts_with('"') || value.find(kZero) == std::string_view::npos) return;
    if (const auto text = from_json("\"" + std::string(name) + "\""))
      names.emplace_back(CanonicalReader(*text).text());
  });
  for (const std::string& name : names) {
    Query query(*database_,
                "INSERT OR IGNORE INTO lanyard_zero_fields (collection, name) VALUES (?, ?)");
    LANYARD_TRY(query.bind(collection).bind(std::string_view(name)).run());
    shape_changed_ = shape_changed_ || database_->changes() > 0;
  }
  return {};
}

}  // namespace lanyard::storage
