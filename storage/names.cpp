#include "storage/names.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "replication/types/bytes.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/points.hpp"
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

constexpr std::size_t kGroup = 4;

/// As an id is written: its digits and letters, in either case, and no others.
bool is_id_letter(char c) {
  const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const bool is_digit = upper >= '0' && upper <= '9';
  return is_digit || (upper >= 'A' && upper <= 'Z' && upper != 'I' && upper != 'L' &&
                      upper != 'O' && upper != 'U');
}

/// Two or more groups of four, with a dash or a space between them.
bool is_in_groups(std::string_view name) {
  if (name.size() < 2 * kGroup + 1 || (name.size() + 1) % (kGroup + 1) != 0) return false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool is_between = at % (kGroup + 1) == kGroup;
    const bool fits = is_between ? name[at] == '-' || name[at] == ' ' : is_id_letter(name[at]);
    if (!fits) return false;
  }
  return true;
}

/// As most keyboards and systems write it (NFC, Unicode Standard Annex 15): an e with an accent is
/// one character, and not an e and an accent behind it. `text` is UTF-8.
std::string composed(const std::string& text) {
  const bool is_ascii = std::none_of(text.begin(), text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (is_ascii) return text;
  utf8proc_uint8_t* made = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &made,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
  if (size < 0) return text;
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

Status reads_like_an_id(const std::string& name, const char* whose) {
  return fail(Code::kUsage, "the name \"" + name + "\" reads like the id of a " + whose,
              "Use another name: what is meant for that id would go wrong.");
}

std::string from_outside(std::string_view said) {
  std::string name = tidy_name(said);
  if (!is_utf8(as_bytes(name)) || has_control(name)) return {};
  return tidy_name(cut(name, limits::kNameBytesMax));
}

}  // namespace

std::string tidy_name(std::string_view name) {
  if (!is_utf8(as_bytes(name))) return std::string(name);
  std::string out;
  std::size_t end = 0;  // behind the last that is no space
  while (!name.empty()) {
    const Point point = first_point(name).value_or(Point{});
    const std::string_view bytes = name.substr(0, point.size);
    name.remove_prefix(point.size);
    const bool is_control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    const bool spaces = is_space(point.value);
    const bool is_unseen = (is_hidden(point.value) && !is_control) || is_blank(point.value);
    if ((is_unseen && !spaces) || (spaces && out.empty())) continue;
    out += bytes;
    if (!spaces) end = out.size();
  }
  out.resize(end);
  return composed(out);
}

bool reads_like_device_id(std::string_view name) {
  return is_in_groups(name) || device_id_from_text(name).has_value();
}

std::string device_id_letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out += lower == 'o' ? '0' : lower == 'i' || lower == 'l' ? '1' : lower;
  }
  return out;
}

std::optional<SpaceId> space_id_of(std::string_view name) {
  if (name.size() > 2 && name.front() == '{' && name.back() == '}')
    name = name.substr(1, name.size() - 2);
  std::string hex;
  for (const char c : name) {
    if (c == '-') continue;
    hex += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const auto bytes = from_hex(hex);
  return bytes ? SpaceId::from(*bytes) : std::nullopt;
}

Result<std::string> device_name(std::string_view name) {
  std::string tidy = tidy_name(name);
  LANYARD_TRY(check_name(tidy));
  if (reads_like_device_id(tidy)) return fail(reads_like_an_id(tidy, "device").error());
  return tidy;
}

Result<std::string> space_name(std::string_view name) {
  std::string tidy = tidy_name(name);
  LANYARD_TRY(check_name(tidy));
  if (space_id_of(tidy)) return fail(reads_like_an_id(tidy, "space").error());
  return tidy;
}

std::string device_name_from_outside(std::string_view said) {
  std::string name = from_outside(said);
  return reads_like_device_id(name) ? std::string() : name;
}

std::string space_name_from_outside(std::string_view said) {
  std::string name = from_outside(said);
  return space_id_of(name) ? std::string() : name;
}

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
