#include "storage/compat_store.hpp"

#include "storage/schema_version.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kCompatCacheKib = 4096;
constexpr int kOriginsList = 0;
constexpr int kKeptLocalList = 1;
constexpr std::size_t kSeenNameBytesMax = 0xFFFF;

FileKind compat_kind() {
  return {0x4C4E5943, compat_migrations(),  // "LNYC"
          "Move it away and switch the listeners on again (lanyard compat enable): no record is in "
          "it."};
}

Bytes encode_members(const std::vector<SeenMember>& members) {
  Bytes out;
  for (const SeenMember& each : members) {
    const std::size_t size = std::min(each.name.size(), kSeenNameBytesMax);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
    out.push_back(static_cast<std::uint8_t>(size & 0xFF));
    append(out, as_bytes(std::string_view(each.name).substr(0, size)));
    append(out, each.hash.view());
  }
  return out;
}

/// What a damaged row says is nothing: its client is taken to know less.
std::vector<SeenMember> decode_members(ByteView bytes) {
  std::vector<SeenMember> out;
  while (bytes.size() >= 2) {
    const std::size_t size = static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
    bytes = bytes.subspan(2);
    if (bytes.size() < size + ContentHash::kSize) return {};
    SeenMember& each = out.emplace_back();
    each.name.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    each.hash = *ContentHash::from(bytes.subspan(size, ContentHash::kSize));
    bytes = bytes.subspan(size + ContentHash::kSize);
  }
  return out;
}

/// Columns number, content, version, updated_at, members.
Result<std::optional<SeenVersion>> first_seen(Query& query) {
  LANYARD_TRY_SET(const bool found, query.next());
  if (!found) return std::optional<SeenVersion>();
  SeenVersion out;
  out.number = query.integer(0);
  out.content = query.fixed<ContentHash>(1);
  out.version = query.text(2);
  if (!query.is_null(3)) out.updated_at = query.integer(3);
  out.members = decode_members(query.blob(4));
  return std::optional(std::move(out));
}

}  // namespace

Result<CompatStore> CompatStore::open(const std::filesystem::path& file) {
  Database::Options options;
  options.cache_kib = kCompatCacheKib;
  options.wal_bytes = Database::kShortWalBytes;
  LANYARD_TRY_SET(Database database, open_file_of(compat_kind(), file, options));
  return CompatStore(std::move(database));
}

Status CompatStore::begin(Sync sync) { return database_.begin(sync); }

Status CompatStore::commit() {
  Status done = database_.commit();
  if (!done) database_.rollback();
  return done;
}

// ---- listeners

Result<std::vector<std::string>> CompatStore::texts(const std::string& kind, int list) {
  std::vector<std::string> out;
  Query query(
      database_,
      "SELECT value FROM lanyard_listener_texts WHERE kind = ? AND list = ? ORDER BY value");
  query.bind(kind).bind(std::int64_t{list});
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace_back(query.text(0));
  }
}

Result<std::vector<CompatListener>> CompatStore::listeners() {
  std::vector<CompatListener> out;
  {
    Query query(database_,
                "SELECT kind, port, space, enabled FROM lanyard_listeners ORDER BY kind");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      CompatListener& each = out.emplace_back();
      each.kind = query.text(0);
      each.port = static_cast<std::uint16_t>(query.integer(1));
      each.space = query.text(2);
      each.is_enabled = query.integer(3) != 0;
    }
  }
  for (CompatListener& each : out) {
    LANYARD_TRY_SET(each.origins, texts(each.kind, kOriginsList));
    LANYARD_TRY_SET(each.kept_local, texts(each.kind, kKeptLocalList));
  }
  return out;
}

Status CompatStore::put_texts(const std::string& kind, int list,
                              const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    LANYARD_TRY(Query(database_, "INSERT OR IGNORE INTO lanyard_listener_texts VALUES (?, ?, ?)")
                    .bind(kind)
                    .bind(std::int64_t{list})
                    .bind(value)
                    .run());
  }
  return {};
}

Status CompatStore::put_listener(const CompatListener& listener) {
  LANYARD_TRY(begin(Sync::kFull));
  const auto work = [&]() -> Status {
    LANYARD_TRY(Query(database_, "INSERT OR REPLACE INTO lanyard_listeners VALUES (?, ?, ?, ?)")
                    .bind(listener.kind)
                    .bind(std::int64_t{listener.port})
                    .bind(listener.space)
                    .bind(std::int64_t{listener.is_enabled})
                    .run());
    LANYARD_TRY(Query(database_, "DELETE FROM lanyard_listener_texts WHERE kind = ?")
                    .bind(listener.kind)
                    .run());
    LANYARD_TRY(put_texts(listener.kind, kOriginsList, listener.origins));
    return put_texts(listener.kind, kKeptLocalList, listener.kept_local);
  };
  Status done = work();
  if (done) return commit();
  rollback();
  return done;
}

// ---- names

Result<std::optional<std::int64_t>> CompatStore::number_of(const CompatThing& thing) {
  Query query(database_,
              "SELECT number FROM lanyard_things WHERE space = ? AND collection = ? AND key = ?");
  LANYARD_TRY_SET(const bool found,
                  query.bind(thing.space.view()).bind(thing.collection).bind(thing.key).next());
  return found ? std::optional(query.integer(0)) : std::nullopt;
}

Result<std::int64_t> CompatStore::thing_number(const CompatThing& thing,
                                               const std::string& parent) {
  LANYARD_TRY_SET(const auto known, number_of(thing));
  if (known) return *known;
  LANYARD_TRY(Query(database_,
                    "INSERT INTO lanyard_things (space, collection, key, parent)"
                    " VALUES (?, ?, ?, ?)")
                  .bind(thing.space.view())
                  .bind(thing.collection)
                  .bind(thing.key)
                  .bind(parent)
                  .run());
  LANYARD_TRY_SET(const auto added, number_of(thing));
  return added.value_or(0);
}

Result<std::optional<std::string>> CompatStore::parent_of(const CompatThing& thing) {
  Query query(database_,
              "SELECT parent FROM lanyard_things WHERE space = ? AND collection = ? AND key = ?");
  LANYARD_TRY_SET(const bool found,
                  query.bind(thing.space.view()).bind(thing.collection).bind(thing.key).next());
  return found ? std::optional(std::string(query.text(0))) : std::nullopt;
}

// ---- members that stay here

Result<std::vector<KeptMember>> CompatStore::kept(const CompatThing& thing) {
  std::vector<KeptMember> out;
  Query query(database_,
              "SELECT member, value FROM lanyard_kept_here"
              " WHERE space = ? AND collection = ? AND key = ? ORDER BY member");
  query.bind(thing.space.view()).bind(thing.collection).bind(thing.key);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back({std::string(query.text(0)), std::string(query.text(1))});
  }
}

Result<std::vector<std::string>> CompatStore::kept_keys(const SpaceId& space,
                                                        const std::string& collection) {
  std::vector<std::string> out;
  Query query(database_,
              "SELECT DISTINCT key FROM lanyard_kept_here"
              " WHERE space = ? AND collection = ? ORDER BY key");
  query.bind(space.view()).bind(collection);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.emplace_back(query.text(0));
  }
}

Result<std::vector<KeptPlace>> CompatStore::kept_places(std::size_t limit) {
  std::vector<KeptPlace> out;
  Query query(database_,
              "SELECT space, collection, key, member FROM lanyard_kept_here"
              " ORDER BY space, collection, key, member LIMIT ?");
  query.bind(static_cast<std::int64_t>(limit));
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    out.push_back(
        {{query.fixed<SpaceId>(0), std::string(query.text(1)), std::string(query.text(2))},
         std::string(query.text(3))});
  }
}

Status CompatStore::keep(const CompatThing& thing, const std::vector<KeptMember>& members) {
  LANYARD_TRY(Query(database_,
                    "DELETE FROM lanyard_kept_here WHERE space = ? AND collection = ? AND key = ?")
                  .bind(thing.space.view())
                  .bind(thing.collection)
                  .bind(thing.key)
                  .run());
  for (const KeptMember& each : members) {
    LANYARD_TRY(Query(database_, "INSERT INTO lanyard_kept_here VALUES (?, ?, ?, ?, ?)")
                    .bind(thing.space.view())
                    .bind(thing.collection)
                    .bind(thing.key)
                    .bind(each.member)
                    .bind(each.json)
                    .run());
  }
  return {};
}

// ---- what clients believe

Result<std::optional<SeenVersion>> CompatStore::believed(const std::string& client,
                                                         const CompatThing& thing) {
  Query query(database_,
              "SELECT s.number, s.content, s.version, s.updated_at, s.members"
              " FROM lanyard_clients c, lanyard_things t"
              " JOIN lanyard_believed b ON b.client = c.number AND b.thing = t.number"
              " JOIN lanyard_seen s ON s.number = b.seen"
              " WHERE c.name = ? AND t.space = ? AND t.collection = ? AND t.key = ?");
  query.bind(client).bind(thing.space.view()).bind(thing.collection).bind(thing.key);
  return first_seen(query);
}

Result<std::optional<SeenVersion>> CompatStore::seen(std::int64_t number) {
  Query query(database_,
              "SELECT number, content, version, updated_at, members FROM lanyard_seen"
              " WHERE number = ?");
  query.bind(number);
  return first_seen(query);
}

Result<std::optional<SeenVersion>> CompatStore::seen_content(const CompatThing& thing,
                                                             const ContentHash& content) {
  Query query(database_,
              "SELECT s.number, s.content, s.version, s.updated_at, s.members"
              " FROM lanyard_things t JOIN lanyard_seen s ON s.thing = t.number"
              " WHERE t.space = ? AND t.collection = ? AND t.key = ? AND s.content = ?"
              " ORDER BY s.number DESC LIMIT 1");
  query.bind(thing.space.view()).bind(thing.collection).bind(thing.key).bind(content.view());
  return first_seen(query);
}

Result<std::optional<SeenVersion>> CompatStore::seen_at(const CompatThing& thing,
                                                        std::int64_t updated_at) {
  Query query(database_,
              "SELECT s.number, s.content, s.version, s.updated_at, s.members"
              " FROM lanyard_things t JOIN lanyard_seen s ON s.thing = t.number"
              " WHERE t.space = ? AND t.collection = ? AND t.key = ? AND s.updated_at = ?"
              " ORDER BY s.number DESC LIMIT 1");
  query.bind(thing.space.view()).bind(thing.collection).bind(thing.key).bind(updated_at);
  return first_seen(query);
}

Result<std::int64_t> CompatStore::store_seen(std::int64_t thing, const SeenVersion& version,
                                             std::int64_t now_ms) {
  {
    Query same(database_,
               "SELECT number FROM lanyard_seen WHERE thing = ? AND content = ? AND version = ?");
    same.bind(thing).bind(version.content.view()).bind(version.version);
    LANYARD_TRY_SET(const bool found, same.next());
    if (found) return same.integer(0);
  }
  const Bytes members = encode_members(version.members);
  {
    Query insert(database_,
                 "INSERT INTO lanyard_seen (thing, content, version, updated_at, members, seen_ms)"
                 " VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(thing).bind(version.content.view()).bind(version.version);
    version.updated_at ? insert.bind(*version.updated_at) : insert.bind_null();
    LANYARD_TRY(insert.bind(ByteView(members)).bind(now_ms).run());
  }
  LANYARD_TRY_SET(const std::int64_t added, database_.number("SELECT last_insert_rowid()"));
  LANYARD_TRY(Query(database_,
                    "DELETE FROM lanyard_seen WHERE thing = ?1 AND number <="
                    " (SELECT number FROM lanyard_seen WHERE thing = ?1"
                    " ORDER BY number DESC LIMIT 1 OFFSET 64)"
                    " AND number NOT IN (SELECT seen FROM lanyard_believed WHERE thing = ?1)"
                    " AND number NOT IN (SELECT seen FROM lanyard_state_parts WHERE thing = ?1)")
                  .bind(thing)
                  .run());
  return added;
}

Status CompatStore::believes(const std::string& client, const CompatThing& thing,
                             const std::string& parent, const SeenVersion& version,
                             std::int64_t now_ms) {
  LANYARD_TRY_SET(const std::int64_t who, client_number(client));
  LANYARD_TRY_SET(const std::int64_t what, thing_number(thing, parent));
  std::int64_t seen = version.number;
  if (seen == 0) {
    LANYARD_TRY_SET(seen, store_seen(what, version, now_ms));
  }
  return Query(database_, "INSERT OR REPLACE INTO lanyard_believed VALUES (?, ?, ?)")
      .bind(who)
      .bind(what)
      .bind(seen)
      .run();
}

Status CompatStore::forgets(const std::string& client, const CompatThing& thing) {
  LANYARD_TRY_SET(const auto what, number_of(thing));
  if (!what) return {};
  LANYARD_TRY_SET(const std::int64_t who, client_number(client));
  return Query(database_, "DELETE FROM lanyard_believed WHERE client = ? AND thing = ?")
      .bind(who)
      .bind(*what)
      .run();
}

}  // namespace lanyard::storage
