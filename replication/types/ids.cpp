#include "replication/types/ids.hpp"

namespace lanyard {

std::string to_text(const SpaceId& id) {
  const std::string hex = to_hex(id.view());
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::optional<SpaceId> space_id_from_text(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
    return std::nullopt;
  std::string hex;
  for (const char c : text) {
    if (c >= 'A' && c <= 'F') return std::nullopt;  // one text per id
    if (c != '-') hex += c;
  }
  const auto bytes = from_hex(hex);
  return bytes ? SpaceId::from(*bytes) : std::nullopt;
}

}  // namespace lanyard
