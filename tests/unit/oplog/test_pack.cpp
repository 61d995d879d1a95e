#include <zstd.h>

#include <catch2/catch.hpp>

#include "replication/types/limits.hpp"
#include "tests/support/memory_peak.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;

/// A pack that somebody has written by hand, without compression.
Bytes raw_pack(std::string_view body_hex) {
  Bytes out{1, 0};
  append(out, from_hex(body_hex).value());
  return out;
}

Bytes compressed(ByteView body) {
  Bytes out{1, 1};
  out.resize(2 + ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compress(out.data() + 2, out.size() - 2, body.data(), body.size(), 1);
  REQUIRE(ZSTD_isError(size) == 0);
  out.resize(2 + size);
  return out;
}

/// zstd without the size of its content in front.
Bytes compressed_without_size(ByteView body) {
  Bytes out{1, 1};
  out.resize(2 + ZSTD_compressBound(body.size()));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  const std::size_t size =
      ZSTD_compress2(context, out.data() + 2, out.size() - 2, body.data(), body.size());
  ZSTD_freeCCtx(context);
  REQUIRE(ZSTD_isError(size) == 0);
  out.resize(2 + size);
  return out;
}

std::string outcome_of(ByteView pack) {
  Device device(40);
  return outcome(read_pack(pack, device.keys, hasher()));
}

/// The founder of a space, who has just admitted a second device.
struct TwoAuthors {
  TwoAuthors() { share_key(space, second); }

  Device founder{42};
  Device second{43};
  Space space{founder};
  LogWriter first{founder, space};
  LogWriter other{second, space};
  Change open = first.open({}, true);
  Change admit = first.admit(second);
};

// ---- identity

TEST_CASE("any slice of a history is read from its pack as it was written") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    History history(seed, 120);
    for (int round = 0; round < 12; ++round) {
      const std::size_t from = history.chance.below(history.changes.size());
      const std::size_t size = 1 + history.chance.below(history.changes.size() - from);
      const auto slice = std::span(history.changes).subspan(from, size);
      const bool compress = history.chance.one_in(2);
      const Bytes bytes = write_pack(slice, history.signatures_of(slice), compress);
      const auto pack = read_pack(bytes, history.space.founder.keys, hasher());
      REQUIRE(pack.has_value());
      CHECK(whole(pack->changes) == whole(slice));
      CHECK(write_pack(pack->changes, history.signatures_of(slice), compress) == bytes);
      for (const PackLog& log : pack->logs)
        CHECK(log.signature == history.signatures_of(slice).at(log.log));
    }
  }
}

TEST_CASE("a pack leaves out what can be computed") {
  Device founder(41);
  const Space space(founder);
  LogWriter log(founder, space);
  std::vector<Change> changes{log.open({}, true)};
  std::size_t payloads = changes[0].payload.size();
  for (int i = 0; i < 100; ++i) {
    changes.push_back(log.put("key"));
    payloads += changes.back().payload.size();
  }
  const Bytes pack = packed(changes, {&log});
  CHECK(pack.size() < payloads + 400 + 100 * 8);
}

TEST_CASE("a context may name a change of the pack or one outside of it") {
  TwoAuthors authors;
  auto& [founder, second, space, first, other, open, admit] = authors;
  const ContextEntry outside = first.entry();
  const Change opened = other.open({outside});
  const Change later = first.put("a", {other.entry()});
  const Change last = other.put("b", {first.entry()});
  const std::vector<Change> changes{opened, later, last};
  const Bytes bytes = packed(changes, {&first, &other});
  const auto pack = read_pack(bytes, founder.keys, hasher());
  REQUIRE(pack.has_value());
  CHECK(whole(pack->changes) == whole(changes));
  CHECK(bytes.size() < packed({open, admit, opened, later, last}, {&first, &other}).size());
}

TEST_CASE("a context may name the other branch of a log that forked, of which the pack holds one") {
  TwoAuthors authors;
  auto& [founder, second, space, first, other, open, admit] = authors;
  const ContextEntry fork = first.entry();
  static_cast<void>(first.put("a"));
  const ContextEntry elsewhere = first.entry();
  first.step_back(fork.head);
  const Change here = first.put("b");
  const Change opened = other.open({elsewhere});
  const Change last = other.put("c", {first.entry()});
  const std::vector<Change> changes{open, admit, here, opened, last};
  const auto pack = read_pack(packed(changes, {&first, &other}), founder.keys, hasher());
  REQUIRE(pack.has_value());
  CHECK(whole(pack->changes) == whole(changes));
}

TEST_CASE("a pack is read without the key where its payloads are sealed or erased") {
  History history(44, 60);
  Device keeper(45);
  std::vector<Change> changes = history.changes;
  std::deque<Bytes> sealed;
  for (Change& change : changes) {
    if (change.header.kind == ChangeKind::kOpen || change.form != PayloadForm::kPlain) continue;
    REQUIRE(history.space.founder.keys.seal(change.header.epoch, change.header.log,
                                            change.header.seq, change.payload,
                                            sealed.emplace_back()));
    change.form = PayloadForm::kSealed;
    change.payload = sealed.back();
  }
  const Bytes bytes = write_pack(changes, history.signatures_of(changes), true);
  const auto pack = read_pack(bytes, keeper.keys, hasher());
  REQUIRE(pack.has_value());
  CHECK(whole(pack->changes) == whole(changes));

  const Bytes plain = write_pack(history.changes, history.signatures_of(history.changes), true);
  CHECK(outcome(read_pack(plain, keeper.keys, hasher())) == "missing key");
}

// ---- damage

TEST_CASE("a flipped bit anywhere in a pack is refused, and leaves everything as it was") {
  Device founder(46);
  Device second(47);
  const Space space(founder);
  LogWriter first(founder, space);
  LogWriter other(second, space);
  std::vector<Change> changes{first.open({}, true), first.admit(second)};
  changes.push_back(other.open({first.entry()}));
  changes.push_back(first.put("a", {other.entry()}));
  changes.push_back(other.put("b", {first.entry()}));
  for (const bool compress : {false, true}) {
    const Bytes good = packed(changes, {&first, &other}, compress);
    Intake intake(founder.id(), nothing_of(space.id), founder.keys, hasher(), verifier());
    std::size_t same_meaning = 0;
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes bytes = good;
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ 1 << bit % 8);
      const auto accepted = intake.accept(bytes);
      if (!accepted) {
        if (!same(intake.state(), nothing_of(space.id))) FAIL("bit " << bit);
        continue;
      }
      // zstd's frame has bits without meaning: then it is the same pack.
      if (!compress || whole(accepted->pack.changes) != whole(changes)) FAIL("bit " << bit);
      ++same_meaning;
      intake.reset(nothing_of(space.id));
    }
    CHECK(same_meaning < 16);
    CHECK(intake.accept(good).has_value());
  }
}

TEST_CASE("every beginning of a pack is refused, and every longer one") {
  History history(48, 20);
  for (const bool compress : {false, true}) {
    Bytes bytes = write_pack(history.changes, history.signatures_of(history.changes), compress);
    const auto reads = [&](ByteView view) {
      return read_pack(view, history.space.founder.keys, hasher()).has_value();
    };
    for (std::size_t size = 0; size < bytes.size(); size += 7)
      if (reads(ByteView(bytes).first(size))) FAIL("cut at " << size);
    CHECK_FALSE(reads(ByteView(bytes).first(bytes.size() - 1)));
    bytes.push_back(0);
    CHECK_FALSE(reads(bytes));
  }
}

TEST_CASE("a pack of a newer format is told apart from a bad one") {
  CHECK(outcome_of(Bytes{2, 0}) == "newer version");
  CHECK(outcome_of(Bytes{0, 0}) == "malformed");
  CHECK(outcome_of(Bytes{1, 2}) == "malformed");
  CHECK(outcome_of(Bytes{1}) == "malformed");
  CHECK(outcome_of(Bytes{}) == "malformed");
}

// ---- bombs and lies

TEST_CASE("a pack that says it is beyond 2 MiB is refused before memory is taken") {
  const Bytes bomb = compressed(Bytes(64 * limits::kMiB));
  CHECK(bomb.size() < 16 * limits::kKiB);
  const support::MemoryPeak peak;
  CHECK(outcome_of(bomb) == "too large");
  CHECK(peak.bytes() < 64 * limits::kKiB);
  CHECK(outcome_of(compressed(Bytes(limits::kPackBodyBytesMax + 1))) == "too large");
  CHECK(outcome_of(compressed(Bytes(limits::kPackBodyBytesMax))) == "malformed");
  Bytes raw(2 + limits::kPackBodyBytesMax + 1);
  raw[0] = 1;
  CHECK(outcome_of(raw) == "too large");
}

TEST_CASE("a pack that hides or understates its size is refused") {
  CHECK(outcome_of(compressed_without_size(Bytes(64 * limits::kMiB))) == "malformed");
  // Magic, single segment with a size of 4 bytes, and then 1 MiB in place of 2.
  Bytes lie = compressed(Bytes(2 * limits::kMiB, 7));
  REQUIRE(lie[6] >> 6 == 2);
  lie[7 + (lie[6] >> 5 & 1 ? 0 : 1) + 2] = 0x10;
  const support::MemoryPeak peak;
  CHECK(outcome_of(lie) == "malformed");
  CHECK(peak.bytes() < 3 * limits::kMiB);
}

TEST_CASE("counts that lie are refused and take no memory") {
  const std::string id = "c420" + std::string(64, '1');
  const std::string signature = "c440" + std::string(128, '2');
  const std::string log = "94" + id + "01" + id + signature;
  const std::vector<std::pair<std::string, std::string>> rows{
      {"logs", "94ddffffffff"},
      {"references", "9490ddffffffff"},
      {"epochs", "949090ddffffffff"},
      {"changes", "94909090ddffffffff"},
      {"no changes", "9490909090"},
      {"1,025 changes", "94909090dc0401" + std::string(2050, '0')},
      {"a log without changes", "9491" + log + "90909196000000900000"},
      {"a log twice", "9492" + log + log + "90909196000000900000"},
      {"a context of 2^32 - 1", "9491" + log + "90909196000100ddffffffff"},
      {"a payload of 2^32 - 1", "9491" + log +
                                    "9090919700010090"
                                    "00c6ffffffff"},
      {"an unknown form", "9491" + log + "909091960006009000c400"},
      {"an unknown reference", "9491" + log + "90909197000100910500c400"},
      {"a later change of the pack", "9491" + log +
                                         "9090919700010091920001"
                                         "00c400"},
      {"an unknown log", "9491" + log +
                             "90909197010100900"
                             "0c400"},
      {"an unknown epoch", "9491" + log +
                               "90909196000000"
                               "9001c400"},
      {"sealed without an epoch", "9491" + log +
                                      "90909196000000"
                                      "9000c400"},
  };
  for (const auto& [name, body] : rows) {
    INFO(name);
    const support::MemoryPeak peak;
    const std::string said = outcome_of(raw_pack(body.size() % 2 == 0 ? body : body + "0"));
    CHECK((said == "malformed" || said == "too large"));
    CHECK(peak.bytes() < 256 * limits::kKiB);
  }
}

TEST_CASE("contexts of a pack are bounded together, not only one by one") {
  std::string body = "9491";
  const std::string id = "c420" + std::string(64, '1');
  body += "94" + id + "02" + id + "c440" + std::string(128, '2');
  body += "9193c420" + std::string(64, '3') + "01c420" + std::string(64, '4') + "90dc0400";
  for (int change = 0; change < 1024; ++change) {
    body += "97000100dc0800";
    for (int i = 0; i < 2048; ++i) body += "00";
    body += "00c400c440" + std::string(128, '5');
  }
  const Bytes pack = compressed(from_hex(body).value());
  const support::MemoryPeak peak;
  CHECK(outcome_of(pack) != "accepted");
  CHECK(peak.bytes() < 16 * limits::kMiB);
}

TEST_CASE("a payload of the largest size travels, one byte more does not") {
  Device founder(49);
  const Space space(founder);
  LogWriter log(founder, space);
  const std::size_t plain_max = limits::kPayloadBytesMax - 40;  // nonce and tag
  const auto with = [&](std::size_t size) {
    const Change change = log.add(ChangeKind::kSealed, Bytes(size), {}, [](Header& header) {
      header.seq = {7};
      header.prev.bytes = {1};
    });
    return outcome(read_pack(packed({change}, {&log}), founder.keys, hasher()));
  };
  CHECK(with(plain_max) == "accepted");
  CHECK(with(plain_max + 1) == "too large");
}

}  // namespace
