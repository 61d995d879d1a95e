#include "discovery/txt_record.hpp"

#include <charconv>

namespace lanyard::discovery {
namespace {

constexpr std::size_t kStringsMax = 64;
constexpr std::size_t kTxtBytesMax = 1300;

/// A key of ours, in lower case, at the beginning of a string: what follows its `=`.
std::optional<std::string_view> value_of(std::string_view key, std::string_view entry) {
  if (entry.size() <= key.size() || entry[key.size()] != '=') return std::nullopt;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = entry[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != key[i])
      return std::nullopt;
  }
  return entry.substr(key.size() + 1);
}

std::optional<std::uint16_t> version_in(std::string_view text) {
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end || number == 0) return std::nullopt;
  return number;
}

/// "1-3", and "2" for "2-2".
bool read_versions(std::string_view text, ServiceText& out) {
  const std::size_t dash = text.find('-');
  const auto lowest = version_in(text.substr(0, dash));
  const auto highest = dash == std::string_view::npos ? lowest : version_in(text.substr(dash + 1));
  if (!lowest || !highest || *lowest > *highest) return false;
  out.lowest_version = *lowest;
  out.highest_version = *highest;
  return true;
}

}  // namespace

std::vector<std::string> txt_strings(const ServiceText& text) {
  std::vector<std::string> out = {"v=" + std::to_string(text.lowest_version) + "-" +
                                  std::to_string(text.highest_version)};
  if (text.is_pairing) out.emplace_back("pair=1");
  return out;
}

Result<ServiceText> read_txt(const std::vector<ByteView>& strings) {
  std::size_t bytes = 0;
  for (const ByteView string : strings) bytes += 1 + string.size();
  if (strings.size() > kStringsMax || bytes > kTxtBytesMax)
    return fail(Code::kTooLarge, "a TXT record that is too long");
  ServiceText out;
  std::optional<std::string_view> versions;
  std::optional<std::string_view> pair;
  for (const ByteView string : strings) {
    const std::string_view entry = as_text(string);
    if (!versions) versions = value_of("v", entry);
    if (!pair) pair = value_of("pair", entry);
  }
  if (!versions || !read_versions(*versions, out))
    return fail(Code::kMalformed, "a TXT record without wire versions");
  out.is_pairing = pair == "1";
  return out;
}

}  // namespace lanyard::discovery
