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
