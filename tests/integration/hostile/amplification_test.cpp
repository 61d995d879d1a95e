// A member sends a large value once, and has it stored as often as a few bytes can name it.
#include "replication/types/canonical.hpp"
#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/scene.hpp"

namespace lanyard::hostile {
namespace {

constexpr std::size_t kPartBytes = 240 * limits::kKiB;
constexpr std::size_t kFields = 40;

/// LANYARD_VALUE_MIB: another size, up to 64.
std::size_t value_bytes() {
  const char* wanted = std::getenv("LANYARD_VALUE_MIB");
  return (wanted != nullptr ? std::stoul(wanted) : 8) * limits::kMiB - 16;
}

/// A text that no compression makes small.
Bytes large_value(support::Chance& chance) {
  std::string text(value_bytes(), ' ');
  for (std::size_t i = 0; i < text.size(); i += 8) {
    std::uint64_t bits = chance.natural();
    for (std::size_t k = i; k < std::min(i + 8, text.size()); ++k, bits >>= 8)
      text[k] = static_cast<char>('0' + bits % 64);
  }
  Bytes value;
  CanonicalWriter(value).text(text);
  return value;
}

/// Packs of one change with one part each.
std::vector<Bytes> packs_of_parts(Scene& scene, ByteView value, const Hash& hash) {
  std::vector<Bytes> packs;
  oplog::Op op;
  op.kind = oplog::OpKind::kChunk;
  op.chunk_hash = hash;
  for (ByteView left = value; !left.empty(); ++op.chunk_index) {
    op.chunk = left.first(std::min(kPartBytes, left.size()));
    left = left.subspan(op.chunk.size());
    packs.push_back(
        oplog::packed({scene.log->add(oplog::ChangeKind::kSealed, oplog::encode_plain({op}))},
                      {scene.log.get()}));
  }
  return packs;
}

/// A pack with one change: a put whose fields, so many, name the value.
Bytes naming_pack(Scene& scene, const Hash& hash, std::string_view key, std::size_t fields) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields; ++i) names.push_back("f" + std::to_string(100 + i));
  oplog::Op op;
  op.kind = oplog::OpKind::kPut;
  op.collection = "large";
  op.key = key;
  for (const std::string& name : names) op.fields.push_back({name, hash.view(), true});
  return oplog::packed({scene.log->add(oplog::ChangeKind::kSealed, oplog::encode_plain({op}))},
                       {scene.log.get()});
}

/// What the packs cost the agent that takes them.
Usage cost_of(Scene& scene, const std::vector<Bytes>& packs, const char* what) {
  const std::uint64_t changes = scene.seen().changes + packs.size();
  const Watch watch(scene.agent);
  {
    const Scene::Link peer = scene.link();
    say_packs(*peer, scene, packs);
    CHECK(comes_at_last(
        [&] { return !scene.agent.is_running() || scene.seen().changes == changes; }));
  }
  INFO(scene.agent.log());
  REQUIRE(scene.agent.is_running());
  const Usage used = watch.used();
  report_attack(what, used);
  return used;
}

}  // namespace

TEST_CASE("what names a large value again costs what it is long, and not what it names") {
  Scene scene;
  AgentProcess other;
  join(scene, other);
  const Bytes value = large_value(scene.mallory.chance);
  const Hash hash = oplog::hasher().hash({value});

  std::vector<Bytes> packs = packs_of_parts(scene, value, hash);
  packs.push_back(naming_pack(scene, hash, "one", 1));
  const Usage once = cost_of(scene, packs, "a large value sent once, named once");
  const Seen before = scene.seen();
  CHECK(before.without_effect == 0);

  const Usage fields = cost_of(scene, {naming_pack(scene, hash, "many", kFields)},
                               "the value named again, by 40 fields");
  packs.clear();
  for (std::size_t i = 0; i < kFields; ++i)
    packs.push_back(naming_pack(scene, hash, "again" + std::to_string(i), 1));
  const Usage changes = cost_of(scene, packs, "the value named again, by 40 changes");
  CHECK(scene.seen().state_hash == before.state_hash);
  CHECK(scene.seen().without_effect == 1 + kFields);
  // The log, the parts, and the record: each on the disk, and in the WAL before.
  CHECK(once.disk_bytes < 8 * once.bytes_in);
  CHECK(fields.disk_bytes < 4 * value.size());  // a WAL may be copied meanwhile
  CHECK(changes.disk_bytes < 4 * value.size());
#ifndef LANYARD_SANITIZED
  // Mallory links anew, and is sent the log.
  CHECK(fields.memory_bytes < 8 * value.size());
  CHECK(changes.memory_bytes < 8 * value.size());
#endif
  scene.check_all_is_well();
  CHECK(comes_at_last([&] {
    return other.call("space.info", {{"space", to_text(scene.space.id)}}).at("changes") ==
           scene.seen().changes;
  }));
}

// By hand, with LANYARD_VALUE_MIB=60: takes minutes in a build with debug assertions.
TEST_CASE("a record of more than a file can hold is kept, and parts nobody", "[.large]") {
  Scene scene;
  AgentProcess other;
  join(scene, other);
  // As JSON each letter takes six bytes. Above 55 MiB three such values are more than SQLite holds
  // in a row.
  Bytes value;
  CanonicalWriter(value).text(std::string(value_bytes(), '\x01'));
  const Hash hash = oplog::hasher().hash({value});
  for (const std::string_view name : {"a", "b", "c"}) {
    std::vector<Bytes> packs = packs_of_parts(scene, value, hash);
    oplog::Op op;
    op.kind = oplog::OpKind::kPatch;
    op.collection = "large";
    op.key = "one";
    op.fields.push_back({name, hash.view(), true});
    packs.push_back(
        oplog::packed({scene.log->add(oplog::ChangeKind::kSealed, oplog::encode_plain({op}))},
                      {scene.log.get()}));
    static_cast<void>(cost_of(scene, packs, "a field more of one record"));
  }
  CHECK(scene.seen().without_effect == 0);
  const auto info = [&] { return other.call("space.info", {{"space", to_text(scene.space.id)}}); };
  CHECK(comes_at_last([&] { return info().at("changes") == scene.seen().changes; }));
  CHECK(info().at("state_hash") == scene.seen().state_hash);
  scene.check_all_is_well();
}

}  // namespace lanyard::hostile
