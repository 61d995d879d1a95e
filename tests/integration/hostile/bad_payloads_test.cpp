// Changes whose header, chain and signature are right and whose payload is not: kept, chained,
// forwarded, and without effect as a whole.
#include "replication/types/canonical.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

struct PayloadRow {
  std::string what;
  Bytes plain;
};

Bytes hex(std::string_view text) { return *from_hex(std::string(text)); }

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

Bytes text_of(std::size_t size) {
  Bytes out;
  CanonicalWriter(out).text(std::string(size, 'x'));
  return out;
}

/// A payload of these ops.
Bytes ops_of(std::initializer_list<Bytes> ops) {
  Bytes out{oplog::kEncodingMsgpack, static_cast<std::uint8_t>(0x90 | ops.size())};
  append(out, joined(ops));
  return out;
}

/// [1, collection, key, fields]
Bytes put_of(const Bytes& collection, const Bytes& key, const Bytes& fields) {
  return joined({hex("9401"), collection, key, fields});
}

const Bytes kCollection = hex("a56e6f746573");  // "notes"
const Bytes kKey = hex("a3626164");             // "bad"

/// A put of one field with this value.
Bytes value_of(const Bytes& value) {
  return ops_of({put_of(kCollection, kKey, joined({hex("81a166"), value}))});
}
Bytes value_of(std::string_view value) { return value_of(hex(value)); }
Bytes fields_of(std::string_view fields) {
  return ops_of({put_of(kCollection, kKey, hex(fields))});
}

Bytes nested(std::size_t depth) {
  Bytes out(depth, 0x91);
  out.push_back(0xC0);
  return value_of(out);
}

Bytes in_second_encoding(Bytes plain) {
  plain.front() = oplog::kEncodingDeep;
  return plain;
}

/// An array of so many nils as a value.
Bytes nodes(std::uint32_t count) {
  Bytes value;
  CanonicalWriter(value).array(count);
  value.resize(value.size() + count, 0xC0);
  return value_of(value);
}

/// Nearly as large as a payload can be.
Bytes a_million(std::uint8_t op) {
  Bytes out = hex("00dd000f4240");
  out.resize(out.size() + 1'000'000, op);
  return out;
}

std::vector<PayloadRow> newer_payloads() {
  return {
      {"an unknown kind of op", ops_of({hex("926301")})},
      {"an unknown kind behind one that is known",
       ops_of({put_of(kCollection, kKey, hex("80")), hex("9163")})},
      {"a kind reserved for trees", ops_of({hex("9110")})},
      {"a kind reserved for attachments", ops_of({hex("9119")})},
      {"a kind of open changes", ops_of({hex("9140")})},
      {"an unknown encoding", hex("0790")},
  };
}

std::vector<PayloadRow> values_that_are_not_canonical() {
  return {
      {"an integer in a longer form", value_of("cc05")},
      {"a negative integer in a longer form", value_of("d0ff")},
      {"a length in a longer form", value_of("d90161")},
      {"an array in a longer form", value_of("dc0001c0")},
      {"a float of 32 bits", value_of("ca3f800000")},
      {"NaN", value_of("cb7ff8000000000000")},
      {"infinity", value_of("cb7ff0000000000000")},
      {"minus zero", value_of("cb8000000000000000")},
      {"the integer 2^63", value_of("cf8000000000000000")},
      {"a binary for a value", value_of("c403616263")},
      {"a text that is not UTF-8", value_of("a2c328")},
      {"half of a surrogate pair", value_of("a3eda080")},
      {"an extension", value_of("d40100")},
      {"a byte that is never used", value_of("c1")},
      {"a map with a number for a key", value_of("8101c0")},
      {"a duplicate key in a value", value_of("82a161c0a161c0")},
      {"unsorted keys in a value", value_of("82a162c0a161c0")},
      {"nothing where a value should be", value_of("")},
      {"2^32 - 1 elements", value_of("ddffffffff")},
      {"2^32 - 1 members", value_of("dfffffffff")},
      {"a text of 2^32 - 1 bytes", value_of("dbffffffff")},
      {"depth 17 in the first encoding", nested(17)},
      {"depth 65 in the second", in_second_encoding(nested(65))},
      {"depth 200,000 in the second", in_second_encoding(nested(200'000))},
      {"depth 200,000", nested(200'000)},
      {"65,537 nodes", nodes(65'537)},
      {"an op above 256 KiB", value_of(text_of(limits::kOpBytesMax))},
  };
}

std::vector<PayloadRow> ops_that_break_rules() {
  const Bytes put = hex("9401");
  return {
      {"nothing at all", {}},
      {"no ops but bytes behind them", hex("0090c0")},
      {"ops that are no array", hex("00c0")},
      {"2^32 - 1 ops", hex("00ddffffffff")},
      {"an op without elements", ops_of({hex("90")})},
      {"an op that is a map", ops_of({hex("80")})},
      {"a kind that is a text", ops_of({hex("91a161")})},
      {"one element too few", ops_of({joined({hex("9301"), kCollection, kKey})})},
      {"three elements too many",
       ops_of({joined({hex("9701"), kCollection, kKey, hex("80c0c0c0")})})},
      {"unseen and revives that are both empty",
       ops_of({joined({hex("9601"), kCollection, kKey, hex("809090")})})},
      {"a binary for a collection", ops_of({put_of(hex("c403616263"), kKey, hex("80"))})},
      {"a binary for a key", ops_of({put_of(kCollection, hex("c403616263"), hex("80"))})},
      {"a collection of 65 bytes", ops_of({put_of(text_of(65), kKey, hex("80"))})},
      {"a key of 513 bytes", ops_of({put_of(kCollection, text_of(513), hex("80"))})},
      {"a field of 257 bytes",
       ops_of({put_of(kCollection, kKey, joined({hex("81"), text_of(257), hex("c0")}))})},
      {"a field twice", fields_of("82a161c0a161c0")},
      {"fields out of order", fields_of("82a162c0a161c0")},
      {"a chunk that never came", value_of(joined({hex("c420"), Bytes(32, 7)}))},
      {"an amount beyond 64 bits",
       ops_of({joined({hex("9506"), kCollection, kKey, hex("a166cf8000000000000000")})})},
      {"unset names out of order",
       ops_of({joined({hex("9403"), kCollection, kKey, hex("92a162a161")})})},
      {"a good op before a bad one",
       ops_of({put_of(kCollection, hex("a473616665"), hex("80")), hex("9101")})},
      {"10^6 ops of one byte", a_million(0xC0)},
      {"10^6 ops without elements", a_million(0x90)},
  };
}

/// Says one such change, and sees what becomes of it.
Hash check_kept(Scene& scene, const PayloadRow& row) {
  INFO(row.what);
  const Scene::Link peer = scene.link();
  const Seen before = scene.seen();
  const oplog::Change change = scene.log->add(oplog::ChangeKind::kSealed, row.plain);
  const Watch watch(scene.agent);
  REQUIRE(peer->say(live(scene, change)));
  REQUIRE(scene.is_answered(*peer));
  check_kept_without_effect(before, scene.seen());
  check_costs(scene, watch);
  return change.hash;
}

/// `why`: what people are told of them, or of most.
void check_all_kept(const std::vector<PayloadRow>& rows, const std::string& why) {
  Scene scene;
  std::set<Hash> kept;
  for (const PayloadRow& row : rows) kept.insert(check_kept(scene, row));
  const std::set<Hash> forwarded = scene.forwarded();
  CHECK(std::includes(forwarded.begin(), forwarded.end(), kept.begin(), kept.end()));
  CHECK_FALSE(scene.has_record("safe"));  // of the good op before a bad one
  CHECK(scene.seen().reasons.contains(why));
  scene.check_all_is_well();
}

}  // namespace

TEST_CASE("a change of a newer version is kept and passed on, has no effect, and harms nothing") {
  check_all_kept(newer_payloads(), "needs a newer version");
}

TEST_CASE("a payload that is not canonical is kept and passed on, and has no effect as a whole") {
  check_all_kept(values_that_are_not_canonical(), "breaks a rule");
}

TEST_CASE("an op that breaks a rule leaves its whole change without effect") {
  check_all_kept(ops_that_break_rules(), "breaks a rule");
}

}  // namespace lanyard::hostile
