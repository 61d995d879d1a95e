#include <deque>
#include <fstream>

#include "replication/types/canonical.hpp"
#include "storage/record_rows.hpp"
#include "storage/space_file.hpp"
#include "tests/support/map_table.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// The vectors of the reference model, merged into real rows: what comes back out of SQLite is the
/// record that the pure merge has in memory, and what the model says people see.
namespace lanyard::storage {
namespace {

using merge::LocalDot;
using oplog::OpKind;

const crypto::SodiumHasher kHasher;

LogId log_id(const std::string& letter) {
  return LogId{kHasher.hash({as_bytes("log"), as_bytes(letter)}).bytes};
}

std::vector<Dot> dots_of(const json& op, const char* member) {
  std::vector<Dot> out;
  for (const json& dot : op.value(member, json::array()))
    out.push_back({log_id(dot[0].get<std::string>()), {dot[1].get<std::uint64_t>()}});
  std::sort(out.begin(), out.end());
  return out;
}

OpKind kind_of(const std::string& name) {
  static const std::map<std::string, OpKind> kinds{
      {"put", OpKind::kPut},        {"patch", OpKind::kPatch},         {"unset", OpKind::kUnset},
      {"delete", OpKind::kDelete},  {"clear", OpKind::kClear},         {"add", OpKind::kAdd},
      {"set-add", OpKind::kSetAdd}, {"set-remove", OpKind::kSetRemove}};
  const auto found = kinds.find(name);
  return found == kinds.end() ? OpKind::kTreeMove : found->second;
}

/// The plain payload of a change of a vector.
class Payload {
 public:
  explicit Payload(const json& ops) {
    for (const json& op : ops) add(op);
    plain = known_ ? oplog::encode_plain(ops_) : Bytes{0, 0x91, 0x92, 16, 0xC0};
  }
  Bytes plain;

 private:
  std::string_view text(const json& value) { return texts_.emplace_back(value.get<std::string>()); }
  ByteView bytes(const json& value) { return bytes_.emplace_back(storage::value(value.dump())); }

  void add(const json& from) {
    oplog::Op op;
    op.kind = kind_of(from["op"]);
    known_ = known_ && op.kind != OpKind::kTreeMove;
    op.whole_space = op.kind == OpKind::kClear && !from.contains("collection");
    if (from.contains("collection")) op.collection = text(from["collection"]);
    if (from.contains("key")) op.key = text(from["key"]);
    if (from.contains("field")) op.field = text(from["field"]);
    if (from.contains("amount")) op.amount = from["amount"].get<std::int64_t>();
    if (from.contains("element")) op.element = bytes(from["element"]);
    if (op.kind == OpKind::kUnset) {
      for (const json& name : from["fields"]) op.names.push_back(text(name));
      std::sort(op.names.begin(), op.names.end());
    } else if (from.contains("fields")) {
      for (const auto& [name, member] : from["fields"].items())
        op.fields.push_back({text(json(name)), bytes(member), false});
    }
    op.unseen = dots_of(from, "unseen");
    op.revives = dots_of(from, "revives");
    ops_.push_back(op);
  }

  bool known_ = true;
  std::deque<std::string> texts_;
  std::deque<Bytes> bytes_;
  std::vector<oplog::Op> ops_;
};

/// A vector's changes as a log would have them.
struct VectorLog {
  std::deque<Payload> payloads;
  std::vector<oplog::Change> changes;
  std::map<Dot, Hash> hashes;

  explicit VectorLog(const json& vector) {
    for (const json& from : vector["changes"]) {
      oplog::Change& change = changes.emplace_back();
      change.header.log = log_id(from["log"]);
      change.header.seq = {from["seq"].get<std::uint64_t>()};
      change.header.timestamp = {from["timestamp"].get<std::uint64_t>()};
      for (const auto& [log, seq] : from["context"].items())
        change.header.context.push_back({log_id(log), {{seq.get<std::uint64_t>()}, {}}});
      change.payload = payloads.emplace_back(from["ops"]).plain;
      change.hash = kHasher.hash({as_bytes(from.dump())});
      if (from.contains("hash"))
        change.hash = *Hash::from(from_hex(from["hash"].get<std::string>()).value());
      hashes[change.dot()] = change.hash;
    }
    for (const json& index : vector.value("without_effect", json::array())) {
      static const Bytes nothing{0xFF};
      changes[index.get<std::size_t>()].payload = nothing;
    }
  }
};

/// One store of each kind, fed alike.
class Pair {
 public:
  Pair(Database& database, const VectorLog& log)
      : log_(log),
        rows_(database, [this](const LocalDot& dot) { return Result<Hash>(hash_of(dot)); }),
        in_rows_(rows_, kHasher, {}, {}),
        in_maps_(maps_, kHasher, {}, {}) {
    must(rows_.load());
  }

  void apply(const std::vector<std::size_t>& order, std::size_t batch) {
    std::size_t taken = 0;
    for (const std::size_t index : order) {
      must(in_rows_.take(log_.changes[index], cipher_));
      must(in_maps_.take(log_.changes[index], cipher_));
      if (++taken % batch != 0) continue;
      must(in_rows_.flush());
      must(in_maps_.flush());
    }
    must(in_rows_.flush());
    must(in_maps_.flush());
  }

  [[nodiscard]] Hash hash_of(const LocalDot& dot) const {
    return log_.hashes.at({in_rows_.logs().id_of(dot.log), {dot.seq}});
  }
  [[nodiscard]] json dots_json(const merge::DotSet& dots, const json& vector) const {
    json out = json::array();
    for (const LocalDot& dot : dots) {
      for (const json& change : vector["changes"]) {
        const std::string letter = change["log"];
        if (log_id(letter) != in_rows_.logs().id_of(dot.log) || change["seq"] != dot.seq) continue;
        out.push_back({letter, dot.seq});
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  RecordRows& rows() { return rows_; }
  support::MapTable& maps() { return maps_; }

 private:
  const VectorLog& log_;
  RecordRows rows_;
  support::MapTable maps_;
  support::Chance chance_{1};
  support::SimCipher cipher_{DeviceId{}, chance_};
  merge::Merger in_rows_;
  merge::Merger in_maps_;
};

json sorted_dots(json dots) {
  std::sort(dots.begin(), dots.end());
  return dots;
}

/// What a loaded record shows, as the vectors write it.
json inbox_of(const Pair& pair, const merge::Record& record, const json& vector) {
  json inbox = json::object();
  for (const merge::Field& field : record.fields) {
    const auto choices =
        merge::choices(field, [&](const LocalDot& dot) { return pair.hash_of(dot); });
    for (std::size_t i = 1; i < choices.size(); ++i) {
      const char* kinds[] = {"value", "counter", "set"};
      json item{{"kind", kinds[static_cast<int>(choices[i].kind)]},
                {"value", json::parse(to_json(choices[i].value))}};
      merge::DotSet dots = choices[i].dots;
      if (choices[i].kind == merge::SlotKind::kValue) item["dots"] = pair.dots_json(dots, vector);
      inbox[field.name].push_back(item);
    }
  }
  return inbox;
}

json trash_of(const Pair& pair, const std::vector<SideRow>& rows, const json& vector) {
  json trash = json::object();
  for (const SideRow& row : rows) {
    json item{{"deleted_by", pair.dots_json(row.hidden_by, vector)}};
    const json shown = json::parse(row.value);
    if (row.kind == merge::SlotKind::kCounter) {
      item.update({{"kind", "counter"}, {"sum", shown}});
    } else {
      item.update({{"kind", row.kind == merge::SlotKind::kSet ? "element" : "value"},
                   {"value", shown},
                   {"dot", pair.dots_json({row.dot}, vector)[0]}});
    }
    trash[row.field].push_back(item);
  }
  for (auto& [field, items] : trash.items()) std::sort(items.begin(), items.end());
  return trash;
}

void check_seen(Pair& pair, Database& database, const json& vector) {
  for (const json& expected : vector["expect"]["records"]) {
    const std::string key = expected["key"];
    const auto collection =
        must(pair.rows().find_collection(expected["collection"].get<std::string>()));
    REQUIRE(collection);
    const merge::StoredRecord stored = must(pair.rows().load(*collection, key));
    REQUIRE_FALSE(stored.record.is_empty());
    const RecordRowSet rows =
        to_rows(stored.record, key, [&](const LocalDot& dot) { return pair.hash_of(dot); });
    json shown;
    if (rows.value)
      shown = json::parse(rows.dots.id_left_out ? with_id(*rows.value, key) : *rows.value);
    CHECK(shown == expected["shown"]);
    json inbox = expected["inbox"];
    json trash = expected["trash"];
    for (auto& [field, items] : inbox.items()) {
      for (json& item : items) {
        if (item.contains("dots")) item["dots"] = sorted_dots(item["dots"]);
      }
    }
    for (auto& [field, items] : trash.items()) {
      for (json& item : items) item["deleted_by"] = sorted_dots(item["deleted_by"]);
      std::sort(items.begin(), items.end());
    }
    CHECK(inbox_of(pair, stored.record, vector) == inbox);
    CHECK(trash_of(pair, must(read_trash(database, *collection, key)), vector) == trash);
  }
}

/// An integer of an op beyond 2^63 - 1: no value of ours; the Python that made the vectors takes
/// any.
bool has_huge_integer(const json& part) {
  if (part.is_number_unsigned())
    return part.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (!part.is_structured()) return false;
  for (const auto& [name, inner] : part.items()) {
    if (name != "timestamp" && has_huge_integer(inner)) return true;
  }
  return false;
}

void check_vector(const json& vector, const fs::path& file) {
  INFO(vector["name"].get<std::string>());
  const VectorLog log(vector);
  std::vector<std::vector<std::size_t>> orders{{}};
  for (std::size_t i = 0; i < log.changes.size(); ++i) orders[0].push_back(i);
  for (const json& order : vector["orders"]) orders.push_back(order);
  for (const auto& order : orders) {
    for (const std::size_t batch : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      support::Chance chance(3);
      Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
      must(database.begin(Sync::kNormal));
      Pair pair(database, log);
      pair.apply(order, batch);
      std::size_t records = 0;
      for (const auto& [name, record] : pair.maps().records()) {
        CHECK(must(pair.rows().load(name.first, name.second)).record == record);
        ++records;
      }
      CHECK(must(database.number("SELECT count(*) FROM lanyard_records")) ==
            static_cast<std::int64_t>(records));
      check_seen(pair, database, vector);
      database.rollback();
    }
  }
}

}  // namespace

TEST_CASE("the model's vectors come out of SQLite as they are merged in memory") {
  TemporaryFolder folder;
  support::Chance chance(1);
  {
    Database database = must(Database::open(folder / "v.db", Database::Mode::kCreate, {}));
    must(make_tables(database, SpaceId{}, chance));
  }
  for (const char* name : {"named.json", "random.json"}) {
    std::ifstream in(std::string(LANYARD_TEST_FOLDER) + "/vectors/merge/" + name);
    const json vectors = json::parse(in);
    CHECK(vectors.size() > 50);
    std::size_t checked = 0;
    for (const json& vector : vectors) {
      if (has_huge_integer(vector["changes"])) continue;
      check_vector(vector, folder / "v.db");
      ++checked;
    }
    CHECK(checked > vectors.size() * 3 / 4);
  }
}

}  // namespace lanyard::storage
