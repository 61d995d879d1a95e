#include <catch2/catch.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"
#include "replication/wire/codec.hpp"
#include "tests/support/memory_peak.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::wire;

/// Bytes of a message, written element by element as nobody should.
class Raw {
 public:
  explicit Raw(std::size_t elements, std::uint64_t type) { array(elements).natural(type); }

  Raw& array(std::size_t size) { return out().array(size), *this; }
  Raw& natural(std::uint64_t value) { return out().natural(value), *this; }
  Raw& integer(std::int64_t value) { return out().integer(value), *this; }
  Raw& boolean(bool value) { return out().boolean(value), *this; }
  Raw& text(std::string_view value) { return out().text(value), *this; }
  Raw& binary(std::size_t size, std::uint8_t fill = 1) {
    return out().binary(Bytes(size, fill)), *this;
  }
  Raw& nil() { return out().nil(), *this; }
  Raw& hex(std::string_view bytes) { return out().raw(from_hex(bytes).value()), *this; }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

 private:
  CanonicalWriter out() { return CanonicalWriter(bytes_); }
  Bytes bytes_;
};

std::string outcome(const Raw& raw) {
  LinkNames names;
  const auto message = decode(raw.bytes(), names);
  return message ? "accepted" : message.error().code.message();
}

struct Row {
  std::string name;
  Raw raw;
  std::string expected;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(outcome(row.raw) == row.expected);
  }
}

Raw pull_of(std::size_t logs) { return Raw(4, 5).binary(16).array(logs); }

Raw run_of(std::size_t items) { return Raw(6, 9).binary(16).binary(32, 2).natural(1).array(items); }

/// A presence whose value starts with these bytes and is as long as that.
Raw presence_of(std::size_t size, std::uint8_t fill) {
  return Raw(4, 18).binary(16).text("notes").binary(size, fill);
}

TEST_CASE("the value of a presence is one canonical JSON value") {
  check({
      {"a number", presence_of(1, 0x01), "accepted"},
      {"nothing", presence_of(0, 0), "malformed"},
      {"two values", presence_of(2, 0x01), "malformed"},
      {"an array that ends too soon", presence_of(1, 0x91), "malformed"},
      {"a type that JSON has not", presence_of(1, 0xC1), "malformed"},
      {"arrays in arrays", presence_of(limits::kPresenceBytesMax, 0x91), "malformed"},
      {"more than it may be", presence_of(limits::kPresenceBytesMax + 1, 0x91), "too large"},
      {"a name that is too long", Raw(4, 18).binary(16).text(std::string(65, 'n')).binary(1, 1),
       "too large"},
      {"a space that is no id", Raw(4, 18).binary(15).text("n").binary(1, 1), "malformed"},
  });
}

TEST_CASE("a message of a newer version is told apart from a bad one") {
  check({
      {"the next type", Raw(1, 23), "newer version"},
      {"with elements of a shape nobody knows", Raw(3, 1000).hex("c7").hex("81"), "newer version"},
      {"type 0 was never given", Raw(1, 0), "malformed"},
      {"a type that is no number", Raw(0, 0), "malformed"},
  });
  for (const std::string text :
       {"", "c0", "05", "81a16101", "90", "91a161", "91ff", "91c0", "dd"}) {
    LinkNames names;
    INFO(text);
    CHECK(decode(from_hex(text).value(), names).error().is(Code::kMalformed));
  }
}

TEST_CASE("a message with an element too many or too few is refused") {
  check({
      {"a ping", Raw(3, 13).natural(7).boolean(false), "accepted"},
      {"one more", Raw(4, 13).natural(7).boolean(false).nil(), "malformed"},
      {"one less", Raw(2, 13).natural(7), "malformed"},
      {"one more in a clock's entry",
       pull_of(1).array(4).binary(32).natural(1).binary(32).nil().natural(0), "malformed"},
      {"one less in a clock's entry", pull_of(1).array(2).binary(32).natural(1).natural(0),
       "malformed"},
  });
}

TEST_CASE("a message with an element of another type is refused") {
  check({
      {"a negative number", Raw(3, 13).integer(-1).boolean(false), "malformed"},
      {"a number for a truth", Raw(3, 13).natural(7).natural(0), "malformed"},
      {"a double", Raw(3, 13).hex("cb4000000000000000").boolean(false), "malformed"},
      {"a text for a hash", Raw(2, 2).text("a"), "malformed"},
      {"a map", Raw(2, 2).hex("80"), "malformed"},
      {"an extension", Raw(2, 2).hex("d40100"), "too large"},
      {"a number with a longer form", Raw(3, 13).hex("cc07").boolean(false), "malformed"},
      {"a number in a signed form", Raw(3, 13).hex("d17fff").boolean(false), "malformed"},
      {"a binary with a longer length", Raw(2, 2).hex("c50020").hex(std::string(64, '0')),
       "malformed"},
      {"a hash that is short", Raw(2, 2).binary(31), "malformed"},
      {"a hash that is long", Raw(2, 2).binary(33), "malformed"},
      {"255 buckets", Raw(2, 3).binary(255 * 32), "malformed"},
      {"257 buckets", Raw(2, 3).binary(257 * 32), "too large"},
      {"a bye nobody says", Raw(2, 14).natural(6), "malformed"},
  });
}

TEST_CASE("a hello with text that is not UTF-8 is refused") {
  check({
      {"as it should be", Raw(5, 1).text("0.1").array(0).text("é").integer(-1), "accepted"},
      {"a name", Raw(5, 1).text("0.1").array(0).hex("a1ff").integer(0), "malformed"},
      {"a feature", Raw(5, 1).text("").array(1).hex("a2c0af").text("").integer(0), "malformed"},
      {"bytes for a text", Raw(5, 1).binary(1).array(0).text("").integer(0), "malformed"},
      {"a time beyond 63 bits", Raw(5, 1).text("").array(0).text("").natural(UINT64_MAX),
       "malformed"},
  });
}

TEST_CASE("addresses out of their bounds or order are refused") {
  const auto told = [](std::size_t devices) { return Raw(2, 15).array(devices); };
  const auto device = [](Raw& raw, std::uint8_t id, std::size_t endpoints) -> Raw& {
    raw.array(2).binary(32, id).array(endpoints);
    for (std::size_t i = 0; i < endpoints; ++i) raw.array(2).binary(4).natural(7761);
    return raw;
  };
  const auto devices = [&](const std::vector<std::uint8_t>& ids, std::size_t endpoints) {
    Raw raw = told(ids.size());
    for (const std::uint8_t id : ids) device(raw, id, endpoints);
    return raw;
  };
  const auto endpoint = [&](std::size_t bytes, std::uint64_t port) {
    return told(1).array(2).binary(32).array(1).array(2).binary(bytes).natural(port);
  };
  std::vector<std::uint8_t> many(65);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::uint8_t>(i);
  check({
      {"nobody", told(0), "accepted"},
      {"64 devices", devices({many.begin(), many.end() - 1}, 1), "accepted"},
      {"65 devices", devices(many, 1), "too large"},
      {"8 addresses", devices({1}, 8), "accepted"},
      {"9 addresses", devices({1}, 9), "too large"},
      {"no address", devices({1}, 0), "malformed"},
      {"a device twice", devices({1, 1}, 1), "malformed"},
      {"out of order", devices({2, 1}, 1), "malformed"},
      {"IPv6", endpoint(16, 65'535), "accepted"},
      {"5 bytes", endpoint(5, 1), "malformed"},
      {"17 bytes", endpoint(17, 1), "too large"},
      {"port 0", endpoint(4, 0), "malformed"},
      {"port 65,536", endpoint(4, 65'536), "malformed"},
  });
}

TEST_CASE("a clock out of order, with a log twice, or at seq 0 is refused") {
  const auto entry = [](Raw& raw, std::uint8_t log, std::uint64_t seq) -> Raw& {
    return raw.array(3).binary(32, log).natural(seq).binary(32);
  };
  const auto clock = [&](std::uint8_t first, std::uint8_t second, std::uint64_t seq) {
    Raw raw = pull_of(2);
    entry(raw, first, 1);
    entry(raw, second, seq).natural(0);
    return raw;
  };
  check({
      {"sorted", clock(1, 2, 1), "accepted"},
      {"out of order", clock(2, 1, 1), "malformed"},
      {"twice", clock(1, 1, 2), "malformed"},
      {"seq 0", clock(1, 2, 0), "malformed"},
  });
}

TEST_CASE("a name that the link does not have, or of another size, is refused") {
  check({
      {"a space in full", Raw(3, 11).binary(16).natural(0), "accepted"},
      {"a number never given", Raw(3, 11).natural(0).natural(0), "malformed"},
      {"the largest number", Raw(3, 11).natural(UINT64_MAX).natural(0), "malformed"},
      {"a space of 32 bytes", Raw(3, 11).binary(32).natural(0), "malformed"},
      {"the space's number for a log", Raw(5, 10).binary(16).natural(0).natural(1).binary(32),
       "malformed"},
  });
  LinkNames names;
  names.learn(Bytes(16, 1));
  CHECK_FALSE(decode(Raw(3, 11).binary(16).natural(0).bytes(), names).has_value());
}

TEST_CASE("a live run that no author could have made is refused") {
  const auto item = [](Raw raw, std::uint64_t flags, std::size_t elements, bool epoch) {
    raw.array(elements).natural(flags).natural(5).array(0);
    epoch ? raw.binary(16, 3) : raw.nil();
    raw.binary(4);
    if (elements == 6) raw.binary(64);
    return raw.binary(64);
  };
  const auto cites = [](std::uint8_t log, std::uint64_t seq) {
    Raw raw = run_of(1);
    raw.array(5).natural(0).natural(5).array(1).array(3).binary(32, log).natural(seq).binary(32);
    return raw.binary(16, 3).binary(4).binary(64);
  };
  Raw wraps(6, 9);
  wraps.binary(16).binary(32, 2).natural(UINT64_MAX).array(1);
  check({
      {"sealed, sent plain", item(run_of(1), 0, 5, true), "accepted"},
      {"open", item(run_of(1), 1, 6, false), "accepted"},
      {"sealed", item(run_of(1), 2, 5, true), "accepted"},
      {"open and sealed", item(run_of(1), 3, 6, false), "malformed"},
      {"erased", item(run_of(1), 4, 5, true), "malformed"},
      {"open without a signature", item(run_of(1), 1, 5, false), "malformed"},
      {"sealed with one", item(run_of(1), 0, 6, true), "malformed"},
      {"open with an epoch", item(run_of(1), 1, 6, true), "malformed"},
      {"sealed without one", item(run_of(1), 0, 5, false), "malformed"},
      {"no items", run_of(0).binary(64), "malformed"},
      {"beyond the last seq", item(wraps, 0, 5, true), "malformed"},
      {"with a context", cites(9, 1), "accepted"},
      {"citing seq 0", cites(9, 0), "malformed"},
      {"citing a short log", run_of(1).array(5).natural(0).natural(5).array(1), "malformed"},
  });
  Raw own = run_of(1);
  own.array(5).natural(0).natural(5).array(1).array(3).natural(1).natural(1).binary(32);
  CHECK(outcome(own.binary(16, 3).binary(4).binary(64)) == "malformed");
}

TEST_CASE("counts that lie and messages that nest take no memory") {
  Bytes deep(100'000, 0x91);
  deep[1] = 5;
  Bytes wide{0x94, 5, 0xC4, 16};
  wide.resize(20);
  append(wide, Bytes{0xDD, 0xFF, 0xFF, 0xFF, 0xFF});
  wide.resize(64 * 1024, 0xC0);
  Bytes clock{0x94, 5, 0xC4, 16};
  clock.resize(20);
  append(clock, Bytes{0xDC, 0x40, 0x00});
  while (clock.size() < 64 * 1024) append(clock, Bytes{0xDC, 0x40, 0x00});
  Bytes text{0x95, 1, 0xDB, 0xFF, 0xFF, 0xFF, 0xFF};
  Bytes binary{0x92, 2, 0xC6, 0xFF, 0xFF, 0xFF, 0xFF};
  for (const Bytes& bytes : {deep, wide, clock, text, binary}) {
    LinkNames names;
    const support::MemoryPeak peak;
    CHECK_FALSE(decode(bytes, names).has_value());
    CHECK(peak.bytes() < 4 * limits::kMiB);
  }
}

TEST_CASE("a message of nothing but tiny elements takes bounded memory") {
  Bytes bytes{0x96, 9, 0xC4, 16};
  bytes.resize(20);
  append(bytes, Bytes{0xC4, 32});
  bytes.resize(54, 2);
  append(bytes, Bytes{1, 0xDC, 0x04, 0x00});
  for (int item = 0; item < 400; ++item) {
    append(bytes, Bytes{0x95, 0, 0, 0xDC, 0x10, 0x00});
    bytes.resize(bytes.size() + 4096, 0x90);
    append(bytes, Bytes{0xC0, 0xC0});
  }
  LinkNames names;
  const support::MemoryPeak peak;
  CHECK_FALSE(decode(bytes, names).has_value());
  CHECK(peak.bytes() < 64 * bytes.size());
}

}  // namespace
