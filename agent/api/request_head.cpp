#include "agent/api/request_head.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

using Refusal = std::optional<HeadRefusal>;

HeadRefusal bad(std::string why) { return {400, std::move(why)}; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// RFC 9110 5.6.2
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_visible(char c) { return c > ' ' && c != '\x7f'; }

bool is_field_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == ' ' || c == '\t' || is_visible(c) || static_cast<unsigned char>(c) >= 0x80;
  });
}

/// What may be said once: two readers might go by different ones.
constexpr auto kOnce = std::to_array<std::string_view>(
    {"host", "content-length", "transfer-encoding", "content-type", "authorization", "origin",
     "sec-fetch-site", "upgrade", "sec-websocket-key", "sec-websocket-version"});

/// Which of them were said.
struct Said {
  std::array<bool, kOnce.size()> has{};

  [[nodiscard]] bool was(std::string_view name) const {
    const auto* const found = std::find(kOnce.begin(), kOnce.end(), name);
    return has.at(static_cast<std::size_t>(found - kOnce.begin()));
  }
};

Refusal refuse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the first line is no request");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first))) return bad("the method is not a word");
  if (!std::all_of(target.begin(), target.end(), is_visible) || target.empty())
    return bad("the target holds characters that it may not");
  if (target.front() != '/' || target.find('#') != std::string_view::npos)
    return bad("the target is not a path that begins with /");
  const std::string_view version = line.substr(last + 1);
  if (version == "HTTP/1.1") return {};
  if (version.starts_with("HTTP/")) return HeadRefusal{505, "only HTTP/1.1 is spoken here"};
  return bad("the first line is no request");
}

Refusal refuse_length(std::string_view value) {
  const bool is_number =
      !value.empty() && value.size() <= 18 && std::all_of(value.begin(), value.end(), is_digit);
  return is_number ? Refusal() : bad("the length is not a number");
}

Refusal refuse_field(std::string_view line, Said& said) {
  const std::size_t colon = line.find(':');
  if (line.front() == ' ' || line.front() == '\t') return bad("a header line is folded");
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return bad("a header line has no good name");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_field_text(value)) return bad("a header holds control characters");
  for (std::size_t each = 0; each < kOnce.size(); ++each)
    if (is_same_text(name, kOnce[each]) && std::exchange(said.has[each], true))
      return bad("there are two headers of a kind that may stand there once");
  if (is_same_text(name, "content-length")) return refuse_length(value);
  if (is_same_text(name, "transfer-encoding") && !is_same_text(value, "chunked"))
    return HeadRefusal{501, "the only transfer coding here is chunked"};
  return {};
}

}  // namespace

HeadLook look_for_head(std::string_view bytes) {
  std::size_t start = 0;
  while (bytes.starts_with("\r\n") && start < 2 * kEmptyLinesMax) {
    bytes.remove_prefix(2);
    start += 2;
  }
  const std::size_t end = bytes.find("\r\n\r\n");
  const std::string_view head = bytes.substr(0, end);
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1))
    if (at == 0 || head[at - 1] != '\r')
      return {start, 0, bad("a line does not end with CR and LF")};
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 4;
  if (size > kHeadBytesMax || (end == std::string_view::npos && size == kHeadBytesMax))
    return {start, 0, HeadRefusal{431, "the head is larger than 16 KiB"}};
  return {start, end == std::string_view::npos ? 0 : size, {}};
}

std::optional<HeadRefusal> refuse_head(std::string_view head) {
  Said said;
  std::size_t lines = 0;
  while (!head.starts_with("\r\n")) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return bad("the head has no end");
    const std::string_view line = head.substr(0, end);
    if (line.find_first_of("\r\n") != std::string_view::npos)
      return bad("a line does not end with CR and LF");
    if (++lines > kHeadFieldsMax + 1) return HeadRefusal{431, "there are more than 100 headers"};
    if (auto refusal = lines == 1 ? refuse_request_line(line) : refuse_field(line, said))
      return refusal;
    head.remove_prefix(end + 2);
  }
  if (lines == 0) return bad("the first line is no request");
  if (!said.was("host")) return bad("there is no Host header");
  if (said.was("content-length") && said.was("transfer-encoding"))
    return bad("there is a length beside a transfer coding");
  return {};
}

}  // namespace lanyard::agent
