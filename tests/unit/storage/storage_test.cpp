#include "tests/unit/storage/storage_test.hpp"

#include <sqlite3.h>

#include "storage/sqlite.hpp"
#include "storage/varint.hpp"

namespace lanyard::storage {

namespace {
const bool kSodiumIsReady = crypto::init().has_value();

DeviceId device_id(const std::string& name) {
  const Hash hash = crypto::SodiumHasher().hash({as_bytes("device"), as_bytes(name)});
  return DeviceId{hash.bytes};
}

std::uint64_t seed_of(const std::string& name) {
  std::uint64_t seed = 7;
  for (const char c : name) seed = seed * 31 + static_cast<std::uint8_t>(c);
  return seed;
}
}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "lanyard-test-XXXXXX").string();
  REQUIRE(kSodiumIsReady);
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::permissions(path_, fs::perms::owner_all, ignored);
  fs::remove_all(path_, ignored);
}

Bytes value(const std::string& text) { return must(from_json(text)); }

LocalOp put(const std::string& key, const json& fields, const std::string& collection) {
  LocalOp op;
  op.kind = oplog::OpKind::kPut;
  op.collection = collection;
  op.key = key;
  for (const auto& [name, member] : fields.items())
    op.fields.emplace_back(name, value(member.dump()));
  return op;
}

LocalOp patch(const std::string& key, const json& fields) {
  LocalOp op = put(key, fields);
  op.kind = oplog::OpKind::kPatch;
  return op;
}

LocalOp unset(const std::string& key, std::vector<std::string> names) {
  LocalOp op = put(key, json::object());
  op.kind = oplog::OpKind::kUnset;
  op.names = std::move(names);
  return op;
}

LocalOp remove(const std::string& key) {
  LocalOp op = put(key, json::object());
  op.kind = oplog::OpKind::kDelete;
  return op;
}

LocalOp add(const std::string& key, const std::string& field, std::int64_t amount) {
  LocalOp op = put(key, json::object());
  op.kind = oplog::OpKind::kAdd;
  op.field = field;
  op.amount = amount;
  return op;
}

LocalOp set_op(oplog::OpKind kind, const std::string& key, const std::string& field,
               const json& element) {
  LocalOp op = put(key, json::object());
  op.kind = kind;
  op.field = field;
  op.element = value(element.dump());
  return op;
}

LocalOp clear(const std::string& collection) {
  LocalOp op;
  op.kind = oplog::OpKind::kClear;
  op.collection = collection;
  op.whole_space = collection.empty();
  return op;
}

LocalOp restore(const std::string& key) {
  LocalOp op = patch(key, json::object());
  op.restore = true;
  return op;
}

Device::Device(const std::string& name, fs::path file, const SpaceId& space)
    : id_(device_id(name)),
      file_(std::move(file)),
      space_(space),
      rng_(seed_of(name)),
      signer_(id_),
      ciphers_(id_, rng_),
      ports_{signer_, hasher_, ciphers_, rng_, verifier_} {}

Result<std::unique_ptr<SpaceStore>> Device::try_open(const SpaceStore::Options& options) {
  return SpaceStore::open(file_, space_, ports_, options);
}

void Device::open(const SpaceStore::Options& options) {
  store_.reset();
  store_ = must(try_open(options));
  const SpaceState state = store_->state();
  network_cipher_ = ciphers_.make();
  for (const auto& [epoch, sealed] : state.grants)
    static_cast<void>(network_cipher_->take_grant(epoch, sealed));
  intake_ = std::make_unique<oplog::Intake>(id_, state.log, *network_cipher_, hasher_, verifier_);
}

Result<Written> Device::try_write(std::vector<LocalOp> ops) {
  wall.ms += 1000;
  WriteOutcome outcome = store_->write({LocalChange{std::move(ops)}}, wall);
  REQUIRE(outcome.answers.size() == 1);
  intake_->reset(store_->state().log);
  return outcome.answers.front();
}

Result<ApplyOutcome> Device::take(const std::vector<Bytes>& packs) {
  const SpaceState state = store_->state();
  intake_->reset(state.log);
  for (const auto& [epoch, sealed] : state.grants)
    static_cast<void>(network_cipher_->take_grant(epoch, sealed));
  std::vector<oplog::Accepted> accepted;
  accepted.reserve(packs.size());
  for (const Bytes& pack : packs) accepted.push_back(must(intake_->accept(pack)));
  std::vector<const oplog::Accepted*> pointers;
  pointers.reserve(packs.size());
  for (const oplog::Accepted& one : accepted) pointers.push_back(&one);
  return store_->apply(pointers, wall);
}

void Device::take_grant(Device& other) {
  const SignedGrant grant = must(other.store().grant_for(id_));
  const auto ops = oplog::read_open(grant.payload);
  REQUIRE(ops);
  for (const oplog::OpenOp& op : *ops) {
    const auto* admit = std::get_if<oplog::Admit>(&op);
    if (admit == nullptr || admit->device != id_) continue;
    for (const oplog::Grant& each : admit->grants) {
      must(network_cipher_->take_grant(each.epoch, each.sealed));
      must(store_->keep_grant(each.epoch, each.sealed));
    }
  }
}

void Device::pull(Device& other, std::size_t slice_bytes) {
  const VectorClock held = clock();
  if (store_->state().grants.empty()) take_grant(other);
  for (std::uint64_t position = 0;;) {
    LogSlice slice = must(other.store().read_log(position, held, slice_bytes, false));
    must(take(slice.packs));
    position = slice.next;
    if (slice.at_end) return;
  }
}

CheckReport Device::check() {
  return must(check_rebuild(file_, space_, ports_, file_.parent_path(), {}));
}

Group::Group(std::size_t count) {
  const std::string names = "abcdefgh";
  const oplog::Founding founding{};
  const DeviceId founder = device_id("a");
  const SpaceId space = oplog::space_id_of(founder, founding, crypto::SodiumHasher());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name(1, names[i]);
    devices_.push_back(std::make_unique<Device>(name, folder_ / (name + ".db"), space));
    devices_.back()->open();
  }
  must(devices_[0]->store().found(founding, devices_[0]->wall));
  for (std::size_t i = 1; i < count; ++i) {
    must(devices_[0]->store().admit(devices_[i]->id(), devices_[0]->wall));
  }
  for (std::size_t i = 1; i < count; ++i) devices_[i]->pull(*devices_[0]);
}

void Group::sync() {
  for (int round = 0; round < 2; ++round) {
    for (auto& to : devices_) {
      for (auto& from : devices_) {
        if (to != from) to->pull(*from);
      }
    }
  }
}

json rows_of(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  INFO(sql);
  REQUIRE(sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  json rows = json::array();
  while (sqlite3_step(statement) == SQLITE_ROW) {
    json& row = rows.emplace_back(json::array());
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL: row.push_back(nullptr); break;
        case SQLITE_INTEGER: row.push_back(sqlite3_column_int64(statement, i)); break;
        case SQLITE_FLOAT: row.push_back(sqlite3_column_double(statement, i)); break;
        default: {
          const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, i));
          row.push_back(std::string(data == nullptr ? "" : data,
                                    static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
        }
      }
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

void make_version_5(const fs::path& file) {
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  must(database.execute("ALTER TABLE lanyard_logs ADD COLUMN context BLOB NOT NULL DEFAULT x'00'"));
  const json logs = rows_of(file, "SELECT seq FROM lanyard_logs ORDER BY number");
  std::vector<std::vector<std::uint64_t>> held(logs.size());
  for (const json& row : rows_of(file, "SELECT log, other, seq FROM lanyard_contexts")) {
    auto& seqs = held.at(row[0]);
    seqs.resize(std::max<std::size_t>(seqs.size(), row[1].get<std::size_t>() + 1));
    seqs[row[1]] = row[2];
  }
  for (std::size_t log = 0; log < held.size(); ++log) {
    held[log].resize(std::max(held[log].size(), log + 1));
    held[log][log] = logs[log][0].get<std::uint64_t>() - 1;
    Bytes blob;
    write_varint(blob, held[log].size());
    for (const std::uint64_t seq : held[log]) write_varint(blob, seq);
    Query query(database, "UPDATE lanyard_logs SET context = ? WHERE number = ?");
    must(query.bind(ByteView(blob)).bind(log).run());
  }
  must(database.execute(
      "DROP TABLE lanyard_contexts; DROP TABLE IF EXISTS lanyard_chunk_uses; "
      "DROP TABLE IF EXISTS lanyard_chunk_count; ALTER TABLE lanyard_chunks DROP COLUMN "
      "unused; PRAGMA user_version = 5"));
  must(database.checkpoint());
}

}  // namespace lanyard::storage
