#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;
using nlohmann::json;
using Kind = CanonicalReader::Kind;

json vectors(const std::string& name) {
  std::ifstream file(std::string(LANYARD_TEST_FOLDER) + "/vectors/" + name);
  return json::parse(file);
}

Bytes hex(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
  return from_hex(text).value();
}

template <class Write>
Bytes written(Write write) {
  Bytes out;
  CanonicalWriter writer(out);
  write(writer);
  return out;
}

void write_json(CanonicalWriter& out, const json& value) {
  switch (value.type()) {
    case json::value_t::null: return out.nil();
    case json::value_t::boolean: return out.boolean(value.get<bool>());
    case json::value_t::number_integer: return out.integer(value.get<std::int64_t>());
    case json::value_t::number_unsigned: return out.natural(value.get<std::uint64_t>());
    case json::value_t::number_float: return out.real(value.get<double>());
    case json::value_t::string: return out.text(value.get<std::string>());
    case json::value_t::array:
      out.array(value.size());
      for (const json& element : value) write_json(out, element);
      return;
    default:
      out.map(value.size());  // nlohmann keeps members sorted by their bytes
      for (const auto& member : value.items()) {
        out.text(member.key());
        write_json(out, member.value());
      }
  }
}

Bytes canonical(const json& value) {
  return written([&](CanonicalWriter& out) { write_json(out, value); });
}

/// The code of reading one whole JSON value and nothing else; no code if it is one.
std::error_code code_of_value(ByteView bytes) {
  CanonicalReader in(bytes);
  static_cast<void>(in.value());
  const Status status = in.finish();
  return status ? std::error_code() : status.error().code;
}

bool is_value(ByteView bytes) { return !code_of_value(bytes); }

/// What canonical spellings a row of the msgpack test suite has: an integer is one value, the
/// double of the same size another.
std::vector<Bytes> canonical_spellings(const json& row) {
  std::vector<Bytes> out;
  if (row.contains("nil")) out.push_back(hex("c0"));
  for (const char* name : {"bool", "string", "array", "map"}) {
    if (row.contains(name)) out.push_back(canonical(row.at(name)));
  }
  if (row.contains("number")) {
    const json& number = row.at("number");
    out.push_back(canonical(number.get<double>()));
    if (!number.is_number_float()) out.push_back(canonical(number));
  } else if (row.contains("bignum")) {
    const std::string digits = row.at("bignum");
    if (digits[0] == '-') {
      out.push_back(canonical(std::stoll(digits)));
    } else if (std::stoull(digits) <= static_cast<std::uint64_t>(INT64_MAX)) {
      out.push_back(canonical(std::stoull(digits)));
    }
    out.push_back(canonical(std::stod(digits)));
  }
  return out;
}

TEST_CASE("of all encodings of the msgpack test suite a reader takes the canonical one alone") {
  std::size_t taken = 0;
  std::size_t refused = 0;
  const json suite = vectors("msgpack/msgpack-test-suite.json");
  for (const auto& file : suite.items()) {
    for (const json& row : file.value()) {
      const std::vector<Bytes> good = canonical_spellings(row);
      for (const json& listed : row.at("msgpack")) {
        const Bytes bytes = hex(listed);
        const bool expected = std::find(good.begin(), good.end(), bytes) != good.end();
        INFO(file.key() << " " << listed);
        CHECK(is_value(bytes) == expected);
        ++(expected ? taken : refused);
      }
    }
  }
  CHECK(taken == 65);
  CHECK(refused == 168);
}

TEST_CASE("binaries have one canonical length each") {
  const json suite = vectors("msgpack/msgpack-test-suite.json");
  for (const json& row : suite.at("12.binary.yaml")) {
    const Bytes content = hex(row.at("binary"));
    const Bytes shortest = written([&](CanonicalWriter& out) { out.binary(content); });
    for (const json& listed : row.at("msgpack")) {
      const Bytes bytes = hex(listed);
      CanonicalReader in(bytes);
      const Bytes read = to_bytes(in.binary());
      CHECK(in.finish().has_value() == (bytes == shortest));
      if (bytes == shortest) CHECK(read == content);
    }
  }
}

TEST_CASE("values have the canonical bytes that the model of merging gives them") {
  const json rows = vectors("merge/canonical.json");
  for (const json& row : rows) {
    INFO(row);
    const Bytes bytes = hex(row.at("msgpack"));
    CHECK(canonical(row.at("value")) == bytes);
    const bool beyond_json =
        row.at("value").is_number_unsigned() && row.at("value").get<std::uint64_t>() > INT64_MAX;
    CHECK(is_value(bytes) == !beyond_json);
  }
}

TEST_CASE("numbers are read back as they were written, around every boundary of their forms") {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t offset : {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
      const std::uint64_t natural = (std::uint64_t{1} << bit) + offset;
      const auto integer = static_cast<std::int64_t>(natural);
      const Bytes first = written([&](CanonicalWriter& out) { out.natural(natural); });
      const Bytes second = written([&](CanonicalWriter& out) { out.integer(integer); });
      const Bytes third = written([&](CanonicalWriter& out) { out.integer(-(integer / 2)); });
      CHECK(CanonicalReader(first).natural() == natural);
      CHECK(CanonicalReader(second).integer() == integer);
      CHECK(CanonicalReader(third).integer() == -(integer / 2));
    }
  }
}

TEST_CASE("an integer outside of 64 bits with a sign is no JSON value") {
  CHECK(is_value(hex("cf7fffffffffffffff")));
  CHECK(code_of_value(hex("cf8000000000000000")) == make_error_code(Code::kNotCanonical));
  CHECK(is_value(hex("d38000000000000000")));
}

TEST_CASE("spellings that are not canonical are refused") {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"negative zero", "cb8000000000000000"},
      {"a NaN", "cb7ff8000000000000"},
      {"infinity", "cb7ff0000000000000"},
      {"a 32-bit float", "ca3f800000"},
      {"keys out of order", "82a16201a16101"},
      {"a key twice", "82a16101a16102"},
      {"a key that is an integer", "810101"},
      {"an overlong character", "a2c0af"},
      {"a surrogate", "a3eda080"},
      {"a binary inside a value", "91c40100"},
      {"an extension type", "d40100"},
      {"the tag that msgpack never uses", "c1"},
      {"a map that is longer than its bytes", "dfffffffff"},
      {"an array that is longer than its bytes", "ddffffffff"},
      {"a text that is longer than its bytes", "dbffffffff61"},
      {"nothing", ""},
      {"two values", "c0c0"},
  };
  for (const auto& [name, text] : rows) {
    INFO(name);
    CHECK_FALSE(is_value(hex(text)));
  }
}

Bytes nested(std::size_t levels, std::uint8_t container) {
  Bytes out;
  for (std::size_t i = 0; i < levels; ++i) {
    out.push_back(container);
    if (container == 0x81) append(out, hex("a161"));
  }
  out.push_back(0xC0);
  return out;
}

TEST_CASE("64 levels of nesting are read, 65 and 640 are too many") {
  for (const std::uint8_t container : {std::uint8_t{0x91}, std::uint8_t{0x81}}) {
    CHECK(is_value(nested(limits::kValueDepthMax, container)));
    for (const std::size_t levels : {limits::kValueDepthMax + 1, limits::kValueDepthMax * 10}) {
      CHECK(code_of_value(nested(levels, container)) == make_error_code(Code::kTooLarge));
    }
  }
}

TEST_CASE("values, keys and containers are counted as nodes") {
  const Bytes bytes = canonical(json::parse(R"({"a":[1,{"b":null}],"c":2})"));
  CanonicalReader in(bytes);
  static_cast<void>(in.value());
  CHECK(in.nodes() == 9);  // two maps, three keys, an array, 1, null and 2
}

TEST_CASE("after its first mistake a reader gives nothing but empty values") {
  const Bytes bytes = hex("05a161c3");
  CanonicalReader in(bytes);
  CHECK(in.text().empty());
  CHECK(in.failed());
  CHECK(in.peek() == Kind::kNone);
  CHECK(in.natural() == 0);
  CHECK(in.integer() == 0);
  CHECK_FALSE(in.boolean());
  CHECK(in.binary().empty());
  CHECK(in.array() == 0);
  CHECK(in.map() == 0);
  CHECK(in.value().empty());
  CHECK(in.fixed<Hash>() == Hash{});
  CHECK(in.finish().error().is(Code::kMalformed));
}

TEST_CASE("the first reason for a failure is kept") {
  const Bytes bytes = hex("00");
  CanonicalReader in(bytes);
  in.fail(Code::kTooLarge);
  in.fail(Code::kMalformed);
  CHECK(in.finish().error().is(Code::kTooLarge));
}

TEST_CASE("every beginning of a value is refused") {
  support::Chance chance(1);
  for (int round = 0; round < 200; ++round) {
    const Bytes bytes = support::some_value(chance);
    CHECK(is_value(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      if (is_value(ByteView(bytes).first(size))) FAIL(to_hex(bytes) << " cut at " << size);
    }
  }
}

TEST_CASE("whatever is taken as a value is the one spelling of it") {
  support::Chance chance(2);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = support::some_value(chance, 3);
    for (std::size_t i = chance.below(3) + 1; i > 0; --i)
      bytes[chance.below(bytes.size())] = static_cast<std::uint8_t>(chance.next());
    if (!is_value(bytes)) continue;
    const auto again = from_json(to_json(bytes));
    if (!again || *again != bytes) FAIL(to_hex(bytes));
  }
}

}  // namespace
