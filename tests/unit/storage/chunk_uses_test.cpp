// A member names a large value more often than it sent it, or what it never sent whole.
#include "replication/merge/chunk_join.hpp"
#include "replication/types/canonical.hpp"
#include "tests/support/map_table.hpp"
#include "tests/unit/storage/large_values.hpp"

namespace lanyard::storage {
namespace {

/// Two honest devices of which one takes all packs in one transaction and the other one by one, and
/// a third that was closed and opened between them: they agree. The keys of the records that show.
std::vector<std::string> keys_after(Group& group, const std::vector<Bytes>& packs) {
  must(group[0].take(packs));
  for (const Bytes& pack : packs) {
    must(group[2].take({pack}));
    group[2].open();
  }
  CHECK(group[0].state_hash() == group[2].state_hash());
  CHECK(group[0].check().differences.empty());
  CHECK(group[2].check().differences.empty());
  std::vector<std::string> keys;
  for (const json& row :
       rows_of(group[0].file(), "SELECT key FROM lanyard_records WHERE key > 'n' ORDER BY key"))
    keys.push_back(row[0]);
  return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a value that was sent once is put into one field") {
  Group group(3);
  Namer mallory(writing_here(group));
  const Large x(group[1], 'x');
  std::vector<Bytes> packs{mallory.pack({x.whole()}),           mallory.pack({{x.named("n1")}}),
                           mallory.pack({{x.named("n2")}}),     mallory.pack({x.whole()}),
                           mallory.pack({{x.named("n3", 40)}}), mallory.pack({{x.named("n4")}})};
  CHECK(keys_after(group, packs) == Keys{"n1"});
  const auto without = must(group[0].store().without_effect());
  REQUIRE(without.size() == 1);
  CHECK(without[0].changes == 3);
  CHECK(without[0].effect == oplog::Effect::kMissingChunk);
}

TEST_CASE("a value that was sent three times is put into three fields, in one change or in three") {
  Group group(3);
  Namer mallory(writing_here(group));
  const Large x(group[1], 'x');
  const auto sent = [&] { return mallory.pack({x.whole(), x.whole(), x.whole()}); };
  std::vector<Bytes> packs{sent(),
                           mallory.pack({{x.named("n1", 3)}}),
                           sent(),
                           mallory.pack({{x.named("n2"), x.named("n3")}, {x.named("n4")}}),
                           mallory.pack({{x.part(0), x.part(1), x.part(2), x.named("n5")}}),
                           mallory.pack({{x.named("n6")}})};
  CHECK(keys_after(group, packs) == Keys{"n1", "n2", "n3", "n4", "n5"});
}

TEST_CASE("small parts under the name of a large one count for nothing once that has come") {
  Group group(3);
  Namer mallory(writing_here(group));
  const Large x(group[1], 'x');
  const Bytes one{7};
  std::vector<oplog::Op> small;
  for (std::size_t i = 0; i < 100; ++i)
    for (std::uint64_t index = 0; index < 3; ++index) small.push_back(x.part_of(index, one));
  std::vector<Bytes> packs{mallory.pack({small}), mallory.pack({x.whole()}),
                           mallory.pack({{x.named("n1")}}), mallory.pack({{x.named("n2")}})};
  CHECK(keys_after(group, packs) == Keys{"n1"});
}

TEST_CASE("a change that names what is not whole uses up what it named") {
  Group group(3);
  Namer mallory(writing_here(group));
  const Large x(group[1], 'x');
  std::vector<Bytes> packs{mallory.pack({{x.part(0), x.part(1)}}),
                           mallory.pack({{x.named("n1")}}),  // the last part is missing
                           mallory.pack({{x.part(2)}}),
                           mallory.pack({{x.named("n2")}}),  // the others were used
                           mallory.pack({x.whole()}),
                           mallory.pack({{x.named("n3")}})};
  CHECK(keys_after(group, packs) == Keys{"n3"});
}

TEST_CASE("what our own writer names it has sent, however often one value is written") {
  Group group(2);
  const std::string large(600'000, 'x');
  group[0].write({put("k1", {{"a", large}, {"b", large}}), put("k2", {{"a", large}})});
  group[0].write(put("k3", {{"a", large}}));
  group[0].write(patch("k1", {{"b", large}, {"c", 1}}));
  group[1].pull(group[0]);
  group[1].write(put("k4", {{"a", large}}));
  group[0].pull(group[1]);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(must(group[i].store().without_effect()).empty());
    CHECK(group[i].check().differences.empty());
    CHECK(rows_of(group[i].file(), "SELECT count(*) FROM lanyard_chunk_uses")[0][0] == 0);
  }
  CHECK(group[0].state_hash() == group[1].state_hash());
}

TEST_CASE("a value has at most so many parts and bytes, and the values of a change so many bytes") {
  const crypto::SodiumHasher hasher;
  struct Case {
    std::size_t value_bytes, part_bytes, values;
    bool has_effect;
  };
  constexpr std::size_t kValueMax = limits::kChunkedValueBytesMax;
  constexpr std::size_t kMany = 1000 * limits::kValueChunksMax;
  for (const Case& each :
       {Case{kValueMax, kValueMax / 256, 2, true}, Case{kValueMax, kValueMax / 256, 3, false},
        Case{kValueMax + 1, kValueMax / 256, 1, false},
        Case{kValueMax + 256, kValueMax / 256 + 1, 1, false}, Case{kMany, 1000, 1, true},
        Case{kMany + 1, 1000, 1, false}, Case{10 * kMany, 1000, 1, false}}) {
    CAPTURE(each.value_bytes, each.part_bytes, each.values);
    Bytes value;
    CanonicalWriter(value).text(std::string(each.value_bytes - 5, 'x'));
    REQUIRE(value.size() == each.value_bytes);
    const Hash hash = hasher.hash({value});
    support::MapTable table;
    merge::ChunkJoin join(table, hasher, 0, limits::kValueDepthMax);
    bool has_effect = true;
    for (std::size_t i = 0; i < each.values; ++i) {
      oplog::Op op;
      op.kind = oplog::OpKind::kChunk;
      op.chunk_hash = hash;
      for (ByteView left = value; !left.empty(); left = left.subspan(op.chunk.size())) {
        op.chunk = left.first(std::min(each.part_bytes, left.size()));
        CHECK(must(join.take(op)));
        ++op.chunk_index;
      }
      oplog::Op put;
      put.kind = oplog::OpKind::kPut;
      put.fields.push_back({"f", hash.view(), true});
      has_effect = has_effect && must(join.take(put));
    }
    CHECK(has_effect == each.has_effect);
  }
}

}  // namespace lanyard::storage
