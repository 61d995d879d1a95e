#include "storage/record_key.hpp"

#include "replication/types/ids.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kUuidText = 36;

bool is_dash_place(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

/// Lower case only: nothing else comes back as it was.
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
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

void RecordKey::bind_to(Query& query) const {
  if (is_uuid_) {
    query.bind(ByteView(bytes_));
  } else {
    query.bind(text_);
  }
}

std::string key_text(const Query& row, int column) {
  if (row.type(column) == Query::Type::kBlob) return to_text(row.fixed<SpaceId>(column));
  return std::string(row.text(column));
}

}  // namespace lanyard::storage
