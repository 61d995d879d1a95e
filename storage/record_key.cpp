#include "storage/record_key.hpp"

#include "replication/types/ids.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kUuidText = 36;

bool is_dash_place(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

/// What each character stands for, -1 if it is no digit. Lower case only: nothing else comes back
/// as it was. A table, because nobody can predict the branches of random digits.
constexpr std::array<std::int8_t, 256> kDigits = [] {
  std::array<std::int8_t, 256> out{};
  out.fill(-1);
  for (std::size_t i = 0; i < 10; ++i) out['0' + i] = static_cast<std::int8_t>(i);
  for (std::size_t i = 10; i < 16; ++i) out['a' + i - 10] = static_cast<std::int8_t>(i);
  return out;
}();

int digit(char c) { return kDigits[static_cast<std::uint8_t>(c)]; }

using UuidDigits = std::array<std::uint8_t, 32>;

Bytes to_uuid_bytes(const UuidDigits& digits) {
  Bytes out;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digits[i] << 4 | digits[i + 1]));
  return out;
}

/// The next number of the first `count` digits, and zeros behind.
std::optional<Bytes> with_more(UuidDigits digits, std::size_t count) {
  while (count-- > 0) {
    if (digits[count] < 15) {
      ++digits[count];
      return to_uuid_bytes(digits);
    }
    digits[count] = 0;
  }
  return std::nullopt;
}

}  // namespace

RecordKey::RecordKey(std::string_view text) : text_(text) {
  if (text.size() != kUuidText) return;
  std::size_t out = 0;
  for (std::size_t at = 0; at < kUuidText;) {
    if (is_dash_place(at)) {
      if (text[at++] != '-') return;
      continue;
    }
    const int high = digit(text[at]);
    const int low = digit(text[at + 1]);
    if (high < 0 || low < 0) return;
    bytes_[out++] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  is_uuid_ = true;
}

void RecordKey::bind_to(Query& query) const& {
  if (is_uuid_) {
    query.bind(ByteView(bytes_));
  } else {
    query.bind(text_);
  }
}

SqlValue key_value(std::string_view text) {
  const RecordKey key(text);
  if (key.is_uuid()) return to_bytes(key.bytes());
  return std::string(text);
}

std::optional<Bytes> least_uuid_from(std::string_view text) {
  constexpr std::string_view kInOrder = "0123456789abcdef";
  UuidDigits digits{};
  std::size_t count = 0;
  for (std::size_t at = 0; at < std::min(text.size(), kUuidText); ++at) {
    const auto present = static_cast<unsigned char>(text[at]);
    if (is_dash_place(at)) {
      if (present < '-') return to_uuid_bytes(digits);
      if (present > '-') return with_more(digits, count);
      continue;
    }
    std::uint8_t least = 0;  // the least digit that is not before what stands there
    while (least < kInOrder.size() && static_cast<unsigned char>(kInOrder[least]) < present)
      ++least;
    if (least == kInOrder.size()) return with_more(digits, count);
    digits[count++] = least;
    if (static_cast<unsigned char>(kInOrder[least]) > present) return to_uuid_bytes(digits);
  }
  return text.size() > kUuidText ? with_more(digits, count) : to_uuid_bytes(digits);
}

std::string key_sql(const std::string& column) {
  const std::string digits = "hex(" + column + ")";
  const auto part = [&](const char* from_and_size) {
    return "substr(" + digits + "," + from_and_size + ")";
  };
  return "CASE typeof(" + column + ") WHEN 'blob' THEN lower(" + part("1,8") + "||'-'||" +
         part("9,4") + "||'-'||" + part("13,4") + "||'-'||" + part("17,4") + "||'-'||" +
         part("21") + ") ELSE " + column + " END";
}

std::string key_text(const Query& row, int column) {
  if (row.type(column) == Query::Type::kBlob) return to_text(row.fixed<SpaceId>(column));
  return std::string(row.text(column));
}

}  // namespace lanyard::storage
