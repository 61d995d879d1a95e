// The parts of large values, in files from before they were counted: where rows of the log, or
// pages of the parts themselves, are damaged, and how much is done at once.
#include <fstream>

#include "storage/chunk_counts.hpp"
#include "storage/sqlite.hpp"
#include "tests/unit/storage/large_values.hpp"
#include "tests/unit/storage/test_vault.hpp"

namespace lanyard::storage {
namespace {

/// The first page of a table or an index is all zero.
void zero_root(const fs::path& file, const std::string& name) {
  {
    Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
    must(database.checkpoint());
  }
  const json page = rows_of(file, "SELECT rootpage FROM sqlite_schema WHERE name = '" + name + "'");
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp((page[0][0].get<std::streamoff>() - 1) * 4096);
  bytes << std::string(4096, '\0') << std::flush;
}

json keys_of(const fs::path& file) {
  return rows_of(file, "SELECT key FROM lanyard_records ORDER BY key");
}

/// What a row of the log says is nothing that can be read.
void rot_row(const fs::path& file, const std::string& position) {
  Database database = must(Database::open(file, Database::Mode::kReadWrite, {}));
  must(database.execute("UPDATE lanyard_log SET body = x'0100C1' WHERE position = " + position));
}

/// What counting an old file came to, piece by piece.
struct Pieces {
  std::size_t count = 0;
  std::size_t kept_bytes = 0;  ///< the most that waited to be written
};

Pieces count_in_pieces(Device& device) {
  Database database = must(Database::open(device.file(), Database::Mode::kReadWrite, {}));
  must(database.execute(
      "DELETE FROM lanyard_chunk_uses; DELETE FROM lanyard_chunk_count; INSERT INTO "
      "lanyard_chunk_count VALUES (1, 0, 0)"));
  const Ports& ports = device.ports();
  const auto cipher = ports.ciphers.make();
  SpaceTables tables(database, device.space(), device.id(), ports.hasher, *cipher);
  must(tables.load());
  LogCare care(tables, {*cipher, ports.hasher}, ports.verifier);
  ChunkCounter counter(database, tables, care, {*cipher, ports.hasher});
  must(counter.load());
  Pieces pieces;
  for (; !counter.is_over(); ++pieces.count) {
    must(counter.count_some());
    pieces.kept_bytes = std::max(pieces.kept_bytes, counter.kept_bytes());
    must(database.begin(Sync::kNormal));
    must(counter.write());
    must(database.commit());
  }
  return pieces;
}

}  // namespace

TEST_CASE(
    "an old file of which the parts are damaged is opened, and all but large values goes on") {
  const std::string place =
      GENERATE(as<std::string>(), "lanyard_chunks", "sqlite_autoindex_lanyard_chunks_1");
  CAPTURE(place);
  Group group(3);
  Device& old = group[0];
  Namer writer(writing_here(group));
  const Large x(group[1], 'x');
  must(old.take({writer.pack({x.whole()})}));
  old.close();
  make_version_5(old.file());
  zero_root(old.file(), place);
  old.open();
  const auto notes = old.store().take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("cannot be counted") != std::string::npos);
  REQUIRE(old.store().damage());
  CHECK(old.store().damage()->is(Code::kCorrupt));

  old.write(put("b", {{"n", 2}}));
  group[2].write(put("c", {{"n", 3}}));
  old.pull(group[2]);
  CHECK(keys_of(old.file()) == json::parse(R"([["a"], ["b"], ["c"]])"));
  group[2].pull(old);
  CHECK(old.state_hash() == group[2].state_hash());
  // Nobody can say what effect this has: it waits, and is not taken for something without effect.
  const VectorClock held = old.clock();
  CHECK(code_of(old.take({writer.pack({{x.named("n1")}})})) == Code::kCorrupt);
  CHECK(old.clock() == held);
}

TEST_CASE("that the parts of an old file are damaged stands in the status once it is opened") {
  VaultDevice device;
  device.open();
  const SpaceId space = device.create("Notes");
  device.write(space, put("big", {{"text", std::string(3 << 20, 'x')}}));
  const fs::path file = device.vault().file_of(space);
  device.close();
  make_version_5(file);
  zero_root(file, "sqlite_autoindex_lanyard_chunks_1");
  device.open();
  must(device.vault().space(space));
  const auto troubles = device.vault().troubles();
  REQUIRE(troubles.contains(space));
  CHECK(troubles.at(space).error.detail.find("large values") != std::string::npos);
  device.write(space, put("small", {{"n", 1}}));
}

TEST_CASE("counting an old file keeps and unpacks little at once, however well it is packed") {
  Group group(3);
  Device& old = group[0];
  Namer writer(writing_here(group));
  std::vector<Bytes> packs;
  const auto send = [&](const Large& value, const std::string& other) {
    oplog::Op part = value.part(0);
    // What the file has of it is what came last: while the first are counted they are kept.
    if (!other.empty()) part.chunk = as_bytes(other);
    packs.push_back(writer.pack({{part}}));
  };
  const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string first(kPartBytes, '0');
  SECTION("of the same parts again and again") {
    const Large x(group[1], 'x');
    for (int i = 0; i < 100; ++i) send(x, {});
  }
  SECTION("of parts of which other bytes were sent first") {
    for (const char letter : letters) send(Large(group[1], letter), first);
    for (const char letter : letters) send(Large(group[1], letter), {});
  }
  must(old.take(packs));
  while (must(old.store().tidy())) {
  }
  const json uses = rows_of(old.file(), "SELECT * FROM lanyard_chunk_uses ORDER BY hash, part");
  REQUIRE(rows_of(old.file(), "SELECT sum(length(body)) < 1000000 FROM lanyard_log")[0][0] == 1);
  old.close();
  const Pieces pieces = count_in_pieces(old);
  CHECK(pieces.count > 1);  // 20 MB, in less than 1 MB
  CHECK(pieces.kept_bytes <= 16 * limits::kMiB);
  CHECK(rows_of(old.file(), "SELECT * FROM lanyard_chunk_uses ORDER BY hash, part") == uses);
}

TEST_CASE("all is counted again once the last damaged row is whole, and not before") {
  Group group(3);
  Device& old = group[0];
  Namer writer(writing_here(group));
  const Large x(group[1], 'x');
  const std::vector<Bytes> sent{writer.pack({x.whole()}), writer.pack({x.whole()})};
  must(old.take(sent));
  must(group[2].take(sent));
  const json rows = rows_of(old.file(), "SELECT position FROM lanyard_log ORDER BY position DESC");
  old.close();
  make_version_5(old.file());
  rot_row(old.file(), rows[0][0].dump());
  rot_row(old.file(), rows[1][0].dump());
  old.open();
  const auto counting = [&] {
    return rows_of(old.file(), "SELECT position, passed_over FROM lanyard_chunk_count");
  };
  REQUIRE(counting() == json::parse("[[null, 2]]"));
  must(old.store().mend_log(sent[0]));
  CHECK(old.store().log_damage().rows.size() == 1);
  CHECK(counting() == json::parse("[[null, 2]]"));
  must(old.store().mend_log(sent[1]));
  CHECK(old.store().log_damage().rows.empty());
  CHECK(counting() == json::parse("[[0, 0]]"));
  const Bytes named = writer.pack({{x.named("n1")}});
  must(old.take({named}));
  must(group[2].take({named}));
  CHECK(counting().empty());
  CHECK(old.state_hash() == group[2].state_hash());
  CHECK(old.check().differences.empty());
}

}  // namespace lanyard::storage
