#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "replication/types/check.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

/// Bytes that released versions have signed and stored, from fixed keys. They never change: a test
/// that fails here is a format break. To add to them, run `test_oplog "[write-golden]"` once, look
/// at what it did to tests/golden/changes.json, and check it in.

namespace {

using namespace lanyard;
using namespace lanyard::oplog;
using nlohmann::json;

const std::string kFile = std::string(LANYARD_TEST_FOLDER) + "/golden/changes.json";

/// 0, 1, 2, ... in place of chance: the device's seed first, then the epoch's key.
class CountingRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

template <class Fixed>
Fixed filled(std::uint8_t byte) {
  Fixed out;
  out.bytes.fill(byte);
  return out;
}

json read_file() {
  std::ifstream file(kFile);
  return file ? json::parse(file) : json::object();
}

/// A founder's first five changes: opening, own admission, a put with a context, every other kind
/// of op in one change, and an unset.
class Golden {
 public:
  Golden() {
    LANYARD_CHECK(crypto::init().has_value(), "libsodium starts");
    epoch_ = keys_.make_epoch();
    founding_ = filled<Founding>(0xF0);
    space_ = space_id_of(identity_.device(), founding_, hasher());
    incarnation_ = filled<Incarnation>(0xA0);
    log_ = log_id_of(identity_.device(), incarnation_, space_, hasher());
    grant_ = stored_grant();
    add(ChangeKind::kOpen,
        encode_plain(std::vector<OpenOp>{
            OpenLog{space_, identity_.device(), incarnation_, std::nullopt, founding_}}));
    Admit admit;
    admit.device = identity_.device();
    admit.grants = {{epoch_, grant_}};
    add(ChangeKind::kOpen, encode_plain(std::vector<OpenOp>{admit}));
    add(ChangeKind::kSealed, put_plain("first", -5), {outside_});
    add(ChangeKind::kSealed, encode_plain(every_op()));
    add(ChangeKind::kSealed, encode_plain({an_unset()}));
    // Apart from the others, so that the pack of these stays what it was.
    add(ChangeKind::kSealed, encode_plain({a_deep_put()}, kEncodingDeep));
    deep_ = std::move(changes_.back());
    changes_.pop_back();
  }

  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] const crypto::SpaceKeys& keys() const { return keys_; }
  [[nodiscard]] RunSignatures signatures() const {
    return {{log_, identity_.sign(signed_message(changes_.back().hash))}};
  }

  [[nodiscard]] json to_file() const {
    json out{{"identity_seed", to_hex(counted(0))},
             {"device", to_hex(identity_.device().view())},
             {"founding", to_hex(founding_.view())},
             {"space", to_text(space_)},
             {"incarnation", to_hex(incarnation_.view())},
             {"log", to_hex(log_.view())},
             {"epoch_key", to_hex(counted(32))},
             {"epoch", to_hex(epoch_.view())},
             {"grant", to_hex(grant_)},
             {"changes", json::array()}};
    for (const Change& change : changes_) out["changes"].push_back(to_file(change));
    out["deep"] = to_file(deep_);
    out["pack"] = to_hex(write_pack(changes_, signatures(), false));
    return out;
  }

 private:
  static Bytes counted(std::uint8_t from) {
    Bytes out(32);
    for (std::uint8_t& byte : out) byte = from++;
    return out;
  }

  /// A sealed box is never the same twice, so the stored one is used; it must open.
  Bytes stored_grant() {
    const json file = read_file();
    if (!file.contains("grant")) return keys_.grant(epoch_, identity_.device()).value();
    Bytes grant = from_hex(file.at("grant").get<std::string>()).value();
    crypto::SpaceKeys empty(identity_, rng_);
    CHECK(empty.take_grant(epoch_, grant).has_value());
    return grant;
  }

  static Op record_op(OpKind kind) {
    Op op;
    op.kind = kind;
    op.collection = "notes";
    op.key = "second";
    op.field = "tags";
    op.amount = -1'000'000;
    return op;
  }

  std::vector<Op> every_op() {
    Op patch = record_op(OpKind::kPatch);
    patch.fields = {{"big", big_, true}, {"title", title_, false}};
    patch.unseen = {{outside_.log, {3}}, {outside_.log, {4}}};
    patch.revives = {{outside_.log, {2}}};
    Op set_add = record_op(OpKind::kSetAdd);
    set_add.element = title_;
    Op set_remove = record_op(OpKind::kSetRemove);
    set_remove.element = title_;
    Op clear = record_op(OpKind::kClear);
    Op clear_all = record_op(OpKind::kClear);
    clear_all.whole_space = true;
    Op chunk;
    chunk.kind = OpKind::kChunk;
    chunk.chunk_hash.bytes.fill(0xB0);
    chunk.chunk_index = 300;
    chunk.chunk = title_;
    return {patch,
            record_op(OpKind::kAdd),
            set_add,
            set_remove,
            record_op(OpKind::kDelete),
            clear,
            clear_all,
            chunk};
  }

  static Op an_unset() {
    Op op = record_op(OpKind::kUnset);
    op.names = {"a", "b"};
    return op;
  }

  /// As deep as values may be: 64 arrays in one another.
  Op a_deep_put() {
    Op op = record_op(OpKind::kPut);
    op.fields = {{"deep", nested_, false}};
    return op;
  }

  void add(ChangeKind kind, Bytes plain, std::vector<ContextEntry> context = {}) {
    Change change;
    change.header = {kind,
                     log_,
                     head_.seq.next(),
                     head_.hash,
                     {(1'800'000'000'000ULL << 16) + head_.seq.value},
                     std::move(context),
                     {},
                     {},
                     0};
    if (kind == ChangeKind::kSealed) change.header.epoch = epoch_;
    change.payload = plains_.emplace_back(std::move(plain));
    Bytes scratch;
    LANYARD_CHECK(hash_plain(change.header, change.payload, keys_, hasher(), scratch), "the key");
    change.hash = change_hash(change.header, hasher(), scratch);
    if (kind == ChangeKind::kOpen) change.signature = identity_.sign(signed_message(change.hash));
    head_ = {change.header.seq, change.hash};
    changes_.push_back(std::move(change));
  }

  [[nodiscard]] json to_file(const Change& change) const {
    Bytes header;
    encode(change.header, header);
    Bytes payload = to_bytes(change.payload);
    if (change.header.kind == ChangeKind::kSealed) {
      LANYARD_CHECK(keys_.seal(epoch_, log_, change.header.seq, change.payload, payload),
                    "the key");
    }
    return {{"plain", to_hex(change.payload)},
            {"payload", to_hex(payload)},
            {"header", to_hex(header)},
            {"hash", to_hex(change.hash.view())},
            {"signature", to_hex(identity_.sign(signed_message(change.hash)).view())}};
  }

  CountingRng rng_;
  crypto::Identity identity_ = crypto::Identity::make_ephemeral(rng_);
  crypto::SpaceKeys keys_{identity_, rng_};
  EpochId epoch_;
  Founding founding_;
  SpaceId space_;
  Incarnation incarnation_;
  LogId log_;
  Bytes grant_;
  Bytes big_ = Bytes(32, 0xB0);
  Bytes title_ = from_hex("a5c3a974c3a9").value();  // "été"
  Bytes nested_ = [] {
    Bytes out(64, 0x91);
    out.back() = 0x90;
    return out;
  }();
  ContextEntry outside_{filled<LogId>(0xC0), {{70'000}, filled<Hash>(0xD0)}};
  Head head_;
  std::deque<Bytes> plains_;
  std::vector<Change> changes_;
  Change deep_;
};

TEST_CASE("headers, payloads, signatures and packs have the bytes that they have always had") {
  CHECK(Golden().to_file().dump(1) == [] {
    json file = read_file();
    file.erase("about");
    file.erase("pack_zstd");
    return file.dump(1);
  }());
}

TEST_CASE("a pack that an older version has written is read as what it was") {
  const Golden golden;
  const json file = read_file();
  for (const char* name : {"pack", "pack_zstd"}) {
    const auto pack =
        read_pack(from_hex(file.at(name).get<std::string>()).value(), golden.keys(), hasher());
    REQUIRE(pack.has_value());
    CHECK(whole(pack->changes) == whole(golden.changes()));
  }
}

TEST_CASE("stored headers and payloads are read as what they were") {
  const json file = read_file();
  for (const json& row : file.at("changes")) {
    const Bytes bytes = from_hex(row.at("header").get<std::string>()).value();
    const auto header = decode_header(bytes);
    REQUIRE(header.has_value());
    Bytes again;
    encode(*header, again);
    CHECK(again == bytes);
    const Bytes plain = from_hex(row.at("plain").get<std::string>()).value();
    CHECK((header->kind == ChangeKind::kOpen ? read_open(plain).has_value()
                                             : effect_of(plain) == Effect::kEffective));
  }
}

TEST_CASE("nesting beyond 16 has an effect in the second encoding alone, and beyond 64 in none") {
  const json row = read_file().at("deep");
  Bytes plain = from_hex(row.at("plain").get<std::string>()).value();
  CHECK(plain.front() == kEncodingDeep);
  CHECK(effect_of(plain) == Effect::kEffective);
  OpReader in(plain);
  std::vector<Op> ops(1);
  REQUIRE(in.next(ops.front()));
  CHECK(encode_plain(ops, kEncodingDeep) == plain);
  plain.front() = kEncodingMsgpack;
  CHECK(effect_of(plain) == Effect::kBadPayload);
  plain.front() = kEncodingDeep + 1;
  CHECK(effect_of(plain) == Effect::kUnknownKind);
}

TEST_CASE("write the golden bytes", "[.write-golden]") {
  const Golden golden;
  json file = golden.to_file();
  file["about"] = "Bytes of version 1, hexadecimal. See tests/unit/oplog/test_golden.cpp.";
  // A compressor's bytes may change: these are for reading alone, and kept as they were.
  const json before = read_file();
  file["pack_zstd"] = before.contains("pack_zstd")
                          ? before.at("pack_zstd").get<std::string>()
                          : to_hex(write_pack(golden.changes(), golden.signatures(), true));
  std::ofstream(kFile) << file.dump(1) << '\n';
}

}  // namespace
