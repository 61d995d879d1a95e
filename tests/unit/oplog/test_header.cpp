#include <catch2/catch.hpp>

#include "replication/types/limits.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;
using support::Chance;

Header some_header(Chance& chance) {
  Header header;
  header.kind = static_cast<ChangeKind>(chance.below(2));
  header.log = chance.fixed<LogId>();
  header.seq = {chance.natural() | 1};
  if (header.seq.value != 1) header.prev = chance.fixed<Hash>();
  header.timestamp = {chance.natural()};
  for (std::size_t i = chance.below(4); i > 0; --i)
    header.context.push_back(
        {chance.fixed<LogId>(), {{chance.natural() | 1}, chance.fixed<Hash>()}});
  std::sort(header.context.begin(), header.context.end());
  if (header.kind == ChangeKind::kSealed) header.epoch = chance.fixed<EpochId>();
  header.payload_hash = chance.fixed<Hash>();
  header.payload_size = chance.below(limits::kPayloadBytesMax + 1);
  return header;
}

Bytes encoded_header(const Header& header) {
  Bytes out;
  encode(header, out);
  return out;
}

std::string header_outcome(const Header& header) {
  return outcome(decode_header(encoded_header(header)));
}

Header a_header() {
  Chance chance(20);
  Header header = some_header(chance);
  header.kind = ChangeKind::kSealed;
  header.seq = {2};
  header.prev = chance.fixed<Hash>();
  header.epoch = chance.fixed<EpochId>();
  header.context.clear();
  return header;
}

ContextEntry entry(std::uint8_t log, std::uint64_t seq) {
  ContextEntry out;
  out.log.bytes[0] = log;
  out.head.seq = {seq};
  return out;
}

TEST_CASE("a header is read back as it was written") {
  Chance chance(21);
  for (int round = 0; round < 2000; ++round) {
    const Bytes bytes = encoded_header(some_header(chance));
    const auto header = decode_header(bytes);
    if (!header || encoded_header(*header) != bytes) FAIL(to_hex(bytes));
  }
}

TEST_CASE("whatever is taken as a header is its one encoding, and every cut is refused") {
  Chance chance(22);
  for (int round = 0; round < 5000; ++round) {
    Bytes bytes = encoded_header(some_header(chance));
    if (decode_header(ByteView(bytes).first(chance.below(bytes.size())))) FAIL(to_hex(bytes));
    bytes[chance.below(bytes.size())] = static_cast<std::uint8_t>(chance.next());
    const auto header = decode_header(bytes);
    if (header && encoded_header(*header) != bytes) FAIL(to_hex(bytes));
  }
}

TEST_CASE("a header keeps the rules of its log") {
  const std::vector<std::pair<std::string, std::function<void(Header&)>>> malformed{
      {"seq 0", [](Header& header) { header.seq = {0}; }},
      {"prev at seq 1", [](Header& header) { header.seq = {1}; }},
      {"no prev at seq 2", [](Header& header) { header.prev = {}; }},
      {"sealed without epoch", [](Header& header) { header.epoch = {}; }},
      {"open with epoch", [](Header& header) { header.kind = ChangeKind::kOpen; }},
      {"context at seq 0", [](Header& header) { header.context = {entry(1, 0)}; }},
  };
  CHECK(header_outcome(a_header()) == "accepted");
  for (const auto& [name, spoil] : malformed) {
    Header header = a_header();
    spoil(header);
    INFO(name);
    CHECK(header_outcome(header) == "malformed");
  }
}

TEST_CASE("a header's context is sorted, names each log once and its own never") {
  const auto with = [](std::vector<ContextEntry> context) {
    Header header = a_header();
    header.log = entry(9, 1).log;
    header.context = std::move(context);
    return header_outcome(header);
  };
  CHECK(with({entry(1, 5), entry(2, 1)}) == "accepted");
  CHECK(with({entry(2, 1), entry(1, 5)}) == "not canonical");
  CHECK(with({entry(1, 1), entry(1, 5)}) == "not canonical");
  CHECK(with({entry(9, 1)}) == "not canonical");
}

TEST_CASE("extreme times are times") {
  for (const std::uint64_t time : {std::uint64_t{0}, std::uint64_t{INT64_MAX}, UINT64_MAX}) {
    Header header = a_header();
    header.timestamp = {time};
    CHECK(header_outcome(header) == "accepted");
  }
}

TEST_CASE("a payload of 1 MiB and 64 bytes is accepted, one byte more and ten times more are not") {
  Header header = a_header();
  header.payload_size = limits::kPayloadBytesMax;
  CHECK(header_outcome(header) == "accepted");
  for (const std::size_t size : {limits::kPayloadBytesMax + 1, limits::kPayloadBytesMax * 10}) {
    header.payload_size = size;
    CHECK(header_outcome(header) == "too large");
  }
}

TEST_CASE("a context of 4,096 entries is accepted, one more and ten times more are not") {
  const auto with = [](std::size_t entries) {
    Header header = a_header();
    for (std::size_t i = 0; i < entries; ++i) {
      ContextEntry next = entry(static_cast<std::uint8_t>(i >> 8), 1);
      next.log.bytes[1] = static_cast<std::uint8_t>(i);
      header.context.push_back(next);
    }
    return header_outcome(header);
  };
  CHECK(with(limits::kContextEntriesMax) == "accepted");
  CHECK(with(limits::kContextEntriesMax + 1) == "too large");
  CHECK(with(limits::kContextEntriesMax * 10) == "too large");
}

TEST_CASE("a header of a newer format or kind is told apart from a bad one") {
  const Bytes good = encoded_header(a_header());
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return outcome(decode_header(bytes));
  };
  CHECK(with(1, 2) == "newer version");
  CHECK(with(1, 0) == "malformed");
  CHECK(with(2, 2) == "newer version");
  Bytes longer = good;
  longer[0] = 0x9B;
  longer[1] = 2;
  longer.push_back(0xC0);
  CHECK(outcome(decode_header(longer)) == "newer version");
  longer[1] = 1;
  CHECK(outcome(decode_header(longer)) == "malformed");
}

TEST_CASE("spaces and logs have the ids that their founder and device give them") {
  Chance chance(23);
  const auto founder = chance.fixed<DeviceId>();
  const auto random = chance.fixed<Founding>();
  const SpaceId space = space_id_of(founder, random, hasher());
  CHECK(space.bytes[6] >> 4 == 8);
  CHECK(space.bytes[8] >> 6 == 2);
  CHECK(space_id_of(founder, chance.fixed<Founding>(), hasher()) != space);

  Bytes hashed = to_bytes(as_bytes("lanyard-log-v1"));
  const auto incarnation = chance.fixed<Incarnation>();
  append(hashed, founder.view());
  append(hashed, incarnation.view());
  append(hashed, space.view());
  CHECK(equal(log_id_of(founder, incarnation, space, hasher()).view(),
              hasher().hash({hashed}).view()));
}

TEST_CASE(
    "the whole clock is cited at the first change, and at each 256th after it if it is small") {
  const auto whole_with = [](std::size_t entries) {
    std::vector<std::uint64_t> whole;
    for (std::uint64_t seq = 1; seq <= 1024; ++seq)
      if (has_whole_context({seq}, entries)) whole.push_back(seq);
    return whole;
  };
  CHECK(whole_with(2) == std::vector<std::uint64_t>{1, 257, 513, 769});
  CHECK(whole_with(limits::kWholeContextEvery) == whole_with(2));
  CHECK(whole_with(limits::kWholeContextEvery + 1) == std::vector<std::uint64_t>{1});
}

}  // namespace
