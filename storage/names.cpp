#include "storage/names.hpp"

#include "replication/types/bytes.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::storage {
namespace {

constexpr const char* kFix = "Use 1 to 64 bytes of text without line breaks or control characters.";

/// U+0000 to U+001F, U+007F, and U+0080 to U+009F as UTF-8 has them.
bool has_control(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0)
      return true;
  }
  return false;
}

/// At most `size` bytes, never through a character. `text` is UTF-8.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  const auto is_inside = [&] { return (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80; };
  while (size > 0 && is_inside()) --size;
  return text.substr(0, size);
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.empty()) return fail(Code::kUsage, "a name is empty", kFix);
  if (name.size() > limits::kNameBytesMax)
    return fail(Code::kUsage, "a name has " + std::to_string(name.size()) + " bytes", kFix);
  if (!is_utf8(as_bytes(name))) return fail(Code::kUsage, "a name is not UTF-8", kFix);
  if (has_control(name)) return fail(Code::kUsage, "a name has control characters", kFix);
  return {};
}

Status check_addressable(std::string_view name, const std::string& what) {
  if (name == "." || name == "..")
    return fail(Code::kUsage, what + " cannot be \"" + std::string(name) + "\"",
                "An address would lead elsewhere: use another one.");
  if (name.find('\0') != std::string_view::npos)
    return fail(Code::kUsage, what + " cannot have U+0000 in it", "Leave that character out.");
  return {};
}

std::string name_from_outside(std::string_view said) {
  if (!is_utf8(as_bytes(said)) || has_control(said)) return {};
  return std::string(cut(said, limits::kNameBytesMax));
}

std::string free_name(std::string_view name,
                      const std::function<bool(const std::string&)>& is_taken) {
  std::string candidate(name);
  for (std::uint64_t turn = 2; is_taken(candidate); ++turn) {
    const std::string suffix = " (" + std::to_string(turn) + ")";
    candidate = std::string(cut(name, limits::kNameBytesMax - suffix.size())) + suffix;
  }
  return candidate;
}

}  // namespace lanyard::storage
