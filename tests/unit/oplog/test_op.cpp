#include <catch2/catch.hpp>

#include "replication/oplog/op.hpp"
#include "replication/oplog/open_op.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/some_ops.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;
using support::Chance;

Bytes encoded(const Op& op) {
  Bytes out;
  encode(op, out);
  return out;
}

Bytes encoded_again(ByteView plain) {
  Bytes out{plain[0]};
  OpReader in(plain);
  CanonicalWriter(out).array(in.count());
  for (Op op; in.next(op);) encode(op, out);
  return out;
}

/// A payload of one op, given as the canonical msgpack of its array.
Bytes plain_of(ByteView op) {
  Bytes plain{0, 0x91};
  append(plain, op);
  return plain;
}

template <class Write>
Effect effect_of_written(Write write) {
  Bytes bytes;
  CanonicalWriter out(bytes);
  write(out);
  return effect_of(plain_of(bytes));
}

Bytes text_value(std::size_t size) {
  Bytes out;
  CanonicalWriter(out).text(std::string(size, 'x'));
  return out;
}

Op a_put(ByteView value) {
  Op op;
  op.kind = OpKind::kPut;
  op.collection = "notes";
  op.key = "k";
  op.fields = {{"f", value, false}};
  return op;
}

TEST_CASE("the ops of a change are read back as they were written") {
  Chance chance(30);
  for (int round = 0; round < 2000; ++round) {
    const support::SomeOps made(chance, 4);
    const Bytes plain = encode_plain(made.ops());
    CHECK(effect_of(plain) == Effect::kEffective);
    if (encoded_again(plain) != plain) FAIL(to_hex(plain));
    for (const Op& op : made.ops()) CHECK(OwnOp{}.check(op).has_value());
  }
}

TEST_CASE("whatever has effect is the one encoding of its ops, and no beginning of it has") {
  Chance chance(31);
  for (int round = 0; round < 5000; ++round) {
    const support::SomeOps made(chance, 3);
    Bytes plain = encode_plain(made.ops());
    if (effect_of(ByteView(plain).first(chance.below(plain.size()))) == Effect::kEffective)
      FAIL(to_hex(plain));
    plain[chance.below(plain.size())] = static_cast<std::uint8_t>(chance.next());
    if (effect_of(plain) == Effect::kEffective && encoded_again(plain) != plain)
      FAIL(to_hex(plain));
  }
}

TEST_CASE("an op is at most 256 KiB") {
  const std::size_t others = encoded(a_put(text_value(100'000))).size() - 100'000;
  const auto effect = [&](std::size_t op_bytes) {
    const Bytes value = text_value(op_bytes - others);
    CHECK(encoded(a_put(value)).size() == op_bytes);
    CHECK(OwnOp{}.check(a_put(value)).has_value() == (op_bytes <= limits::kOpBytesMax));
    return effect_of(encode_plain({a_put(value)}));
  };
  CHECK(effect(limits::kOpBytesMax) == Effect::kEffective);
  CHECK(effect(limits::kOpBytesMax + 1) == Effect::kBadPayload);
  CHECK(effect(limits::kOpBytesMax * 10) == Effect::kBadPayload);
}

TEST_CASE("names have their bounds: key 512 bytes, collection 64, field 256") {
  struct Row {
    std::size_t bound;
    std::string_view Op::*name;
  };
  Bytes nil{0xC0};
  for (const Row& row :
       {Row{limits::kKeyBytesMax, &Op::key}, Row{limits::kCollectionBytesMax, &Op::collection},
        Row{limits::kFieldNameBytesMax, &Op::field}}) {
    for (const std::size_t size : {row.bound, row.bound + 1, row.bound * 10}) {
      Op op = a_put(nil);
      op.kind = OpKind::kSetAdd;
      op.element = nil;
      const std::string name(size, 'n');
      op.*row.name = name;
      const bool good = size <= row.bound;
      CHECK(effect_of(encode_plain({op})) == (good ? Effect::kEffective : Effect::kBadPayload));
      CHECK(OwnOp{}.check(op).has_value() == good);
    }
  }
  for (const std::size_t size : {std::size_t{256}, std::size_t{257}, std::size_t{2560}}) {
    const std::string name(size, 'n');
    Op put = a_put(nil);
    put.fields[0].name = name;
    Op unset = a_put(nil);
    unset.kind = OpKind::kUnset;
    unset.names = {name};
    const Effect expected = size <= 256 ? Effect::kEffective : Effect::kBadPayload;
    CHECK(effect_of(encode_plain({put})) == expected);
    CHECK(effect_of(encode_plain({unset})) == expected);
  }
}

Bytes nested(std::size_t levels) {
  Bytes value(levels, 0x91);
  value.push_back(0xC0);
  return value;
}

TEST_CASE("a value nests 16 levels in the first encoding, and 64 in the second") {
  for (const auto& [encoding, most] :
       {std::pair(kEncodingMsgpack, std::size_t{16}), std::pair(kEncodingDeep, std::size_t{64})}) {
    const auto effect = [&, encoding = encoding](std::size_t levels) {
      const Bytes value = nested(levels);
      return effect_of(encode_plain({a_put(value)}, encoding));
    };
    CHECK(depth_max_of(encoding) == most);
    CHECK(effect(0) == Effect::kEffective);
    CHECK(effect(most) == Effect::kEffective);
    CHECK(effect(most + 1) == Effect::kBadPayload);
    CHECK(effect(most * 10) == Effect::kBadPayload);
  }
}

TEST_CASE("an op of our own says which encoding its values need") {
  OwnOp own;
  for (const std::size_t levels : {std::size_t{1}, std::size_t{16}, std::size_t{17}}) {
    const Bytes value = nested(levels);
    REQUIRE(own.check(a_put(value)));
    CHECK(own.encoding() == (levels > 16 ? kEncodingDeep : kEncodingMsgpack));
  }
  const Bytes too_deep = nested(limits::kValueDepthMax + 1);
  CHECK(own.check(a_put(too_deep)).error().is(Code::kTooLarge));
}

TEST_CASE("an op has 65,536 nodes") {
  const auto nodes = [](std::size_t count) {
    Bytes value;
    CanonicalWriter(value).array(count - 1);
    value.insert(value.end(), count - 1, 0xC0);
    return effect_of(encode_plain({a_put(value)}));
  };
  CHECK(nodes(limits::kOpNodesMax) == Effect::kEffective);
  CHECK(nodes(limits::kOpNodesMax + 1) == Effect::kBadPayload);
  CHECK(nodes(limits::kOpNodesMax * 10) == Effect::kBadPayload);
}

TEST_CASE("ops that are not in their one encoding have no effect") {
  const auto put = [](CanonicalWriter& out) {
    out.array(4), out.natural(1), out.text("c"), out.text("k");
  };
  const auto raw = [](CanonicalWriter& out, std::string_view hex) {
    out.raw(from_hex(hex).value());
  };
  const std::vector<std::pair<std::string, std::string>> bad_fields{
      {"fields out of order", "82a162c0a161c0"},
      {"a field twice", "82a161c0a161c0"},
      {"a double that is NaN", "81a161cb7ff8000000000000"},
      {"an integer of 2^63", "81a161cf8000000000000000"},
      {"a long form of 1", "81a161cc01"},
      {"a name that is not UTF-8", "81a1ffc0"},
      {"a chunk reference of 31 bytes", "81a161c41f" + std::string(62, '0')},
      {"an array for a map", "90"},
      {"a float of 32 bits", "81a161ca00000000"},
  };
  for (const auto& [name, hex] : bad_fields) {
    INFO(name);
    CHECK(effect_of_written([&](CanonicalWriter& out) { put(out), raw(out, hex); }) ==
          Effect::kBadPayload);
  }
  const std::string log(64, '1');
  const std::vector<std::pair<std::string, std::string>> bad_dots{
      {"both lists empty", "9090"},
      {"a log without dots", "9192c420" + log + "9090"},
      {"seqs out of order", "9192c420" + log + "92020190"},
      {"a seq twice", "9192c420" + log + "92010190"},
      {"a log twice", "9292c420" + log + "910192c420" + log + "910290"},
      {"a short log id", "9192c41f" + log.substr(2) + "910190"},
  };
  const auto with_dots = [&](const std::string& hex) {
    return effect_of_written([&](CanonicalWriter& out) {
      out.array(5), out.natural(4), out.text("c"), out.text("k"), raw(out, hex);
    });
  };
  CHECK(with_dots("9192c420" + log + "92010290") == Effect::kEffective);
  for (const auto& [name, hex] : bad_dots) {
    INFO(name);
    CHECK(with_dots(hex) == Effect::kBadPayload);
  }
}

TEST_CASE("an op with an element too many or too few has no effect") {
  for (const std::uint64_t kind : {1, 2, 3, 4, 5, 6, 7, 8, 9}) {
    for (std::size_t size = 1; size < 9; ++size) {
      const Effect effect = effect_of_written([&](CanonicalWriter& out) {
        out.array(size), out.natural(kind);
        for (std::size_t i = 1; i < size; ++i) out.natural(0);
      });
      CHECK(effect == Effect::kBadPayload);
    }
  }
}

TEST_CASE("an op of an unknown or reserved kind leaves its change to a newer version") {
  for (const std::uint64_t kind :
       {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{16}, std::uint64_t{26},
        std::uint64_t{64}, std::uint64_t{65'537}, UINT64_MAX}) {
    INFO(kind);
    CHECK(effect_of_written([&](CanonicalWriter& out) { out.array(1), out.natural(kind); }) ==
          Effect::kUnknownKind);
  }
  CHECK(effect_of(Bytes{1}) == Effect::kBadPayload);
  CHECK(effect_of(Bytes{2, 0x90}) == Effect::kUnknownKind);
}

TEST_CASE("a payload that is no list of ops has no effect") {
  for (const std::string hex : {"", "00", "00c0", "0091", "009000", "00dc000090", "00ddffffffff",
                                "0091ddffffffff", "0091940181a161c0"}) {
    INFO(hex);
    CHECK(effect_of(from_hex(hex).value()) == Effect::kBadPayload);
  }
  CHECK(effect_of(Bytes{0, 0x90}) == Effect::kEffective);
}

TEST_CASE("an op of our own needs a collection and a key, and what it says in order") {
  const Bytes nil{0xC0};
  Op op = a_put(nil);
  op.key = {};
  CHECK(OwnOp{}.check(op).error().is(Code::kUsage));
  op = a_put(nil);
  op.collection = {};
  CHECK(OwnOp{}.check(op).error().is(Code::kUsage));
  op = a_put(nil);
  op.kind = OpKind::kTreeMove;
  CHECK(OwnOp{}.check(op).error().is(Code::kUsage));
  op = a_put(nil);
  op.fields = {{"b", nil, false}, {"a", nil, false}};
  CHECK(OwnOp{}.check(op).error().is(Code::kNotCanonical));
  Op clear;
  clear.kind = OpKind::kClear;
  CHECK(OwnOp{}.check(clear).error().is(Code::kUsage));
  clear.whole_space = true;
  CHECK(OwnOp{}.check(clear).has_value());
}

// ---- open ops

TEST_CASE("open ops are read back as they were written") {
  Chance chance(32);
  const Bytes sealed = chance.bytes(80);
  for (int round = 0; round < 200; ++round) {
    OpenLog opening{chance.fixed<SpaceId>(), chance.fixed<DeviceId>(), chance.fixed<Incarnation>(),
                    std::nullopt, std::nullopt};
    if (chance.one_in(2))
      opening.previous = ContextEntry{chance.fixed<LogId>(), {{7}, chance.fixed<Hash>()}};
    if (chance.one_in(2)) opening.founding = chance.fixed<Founding>();
    Admit admit;
    admit.device = chance.fixed<DeviceId>();
    for (std::uint8_t i = 0; i < chance.below(3); ++i) admit.grants.push_back({{{i}}, sealed});
    const Bytes plain = encode_plain(std::vector<OpenOp>{opening, admit});
    const auto ops = read_open(plain);
    REQUIRE(ops.has_value());
    CHECK(encode_plain(*ops) == plain);
    for (std::size_t size = 0; size < plain.size(); ++size)
      CHECK_FALSE(read_open(ByteView(plain).first(size)).has_value());
  }
}

TEST_CASE("open ops that this version does not know are left to a newer one") {
  const auto effect = [](const std::string& hex) {
    const auto ops = read_open(from_hex(hex).value());
    return ops ? Effect::kEffective : ops.error();
  };
  const std::string key = "c420" + std::string(64, '1');
  CHECK(effect("00919441" + key + "0190") == Effect::kEffective);
  CHECK(effect("00919441" + key + "0290") == Effect::kUnknownKind);    // another role
  CHECK(effect("00919541" + key + "0190c0") == Effect::kUnknownKind);  // another shape
  CHECK(effect("00919142") == Effect::kUnknownKind);
  CHECK(effect("019190") == Effect::kUnknownKind);
  CHECK(effect("00919441" + key + "019000") == Effect::kBadPayload);
  CHECK(effect("0091") == Effect::kBadPayload);
  CHECK(effect("") == Effect::kBadPayload);
  const std::string epoch = "92c410" + std::string(32, '2') + "c40100";
  CHECK(effect("00919441" + key + "0191" + epoch) == Effect::kEffective);
  CHECK(effect("00919441" + key + "0192" + epoch + epoch) == Effect::kBadPayload);
}

}  // namespace
