#include "agent/json_slices.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "replication/types/canonical.hpp"
#include "replication/types/json_plain.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::agent {
namespace {

/// Deeper than any value may be: what is deeper still is refused where it is read.
constexpr std::size_t kSliceDepthMax = limits::kTextDepthMax;
/// Members or elements of one value: no op holds more, and each costs some 50 bytes here.
constexpr std::size_t kPartsMax = limits::kOpNodesMax;
/// An op has no more: room for them is made at once.
constexpr std::size_t kFewMembers = 6;

/// Cuts, and looks at nothing that it need not. After the first mistake it stands still.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool ok() const { return !failed_; }
  [[nodiscard]] tl::unexpected<Error> error() const { return fail(*failed_); }
  void malformed(const char* why) {
    stop(Error(Code::kMalformed, std::string(why) + " at byte " + std::to_string(at_)));
  }
  [[nodiscard]] bool accept(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* why) {
    if (!accept(c)) malformed(why);
  }
  void end() {
    space();
    if (at_ != text_.size()) malformed("text after the value");
  }

  /// The next string with its quotes.
  [[nodiscard]] std::string_view string() {
    space();
    const std::size_t from = at_;
    if (peek() != '"') {
      malformed("a string was expected");
      return {};
    }
    skip_string();
    return text_.substr(from, at_ - from);
  }

  [[nodiscard]] std::string_view value() {
    space();
    const std::size_t from = at_;
    char open[kSliceDepthMax];
    std::size_t depth = 0;
    do {
      step(open, depth);
    } while (depth > 0 && ok());
    return text_.substr(from, at_ - from);
  }

 private:
  void stop(Error error) {
    if (ok()) failed_ = std::move(error);
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  /// Looks for quotes, which memchr does at the speed of memory; an odd number of backslashes
  /// before one makes it text.
  void skip_string() {
    const std::size_t from = ++at_;
    while (true) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) return malformed("the string is not closed");
      std::size_t begin = quote;
      while (begin > from && text_[begin - 1] == '\\') --begin;
      at_ = quote + 1;
      if ((quote - begin) % 2 == 0) return;
    }
  }

  /// One token; `open` holds the brackets that are open.
  void step(char (&open)[kSliceDepthMax], std::size_t& depth) {
    if (at_ >= text_.size()) return malformed("the text ends inside a value");
    const char c = text_[at_];
    if (c == '"') return skip_string();
    if (c == '{' || c == '[') {
      if (depth == kSliceDepthMax) return stop(Error(Code::kTooLarge, "nested too deeply"));
      open[depth++] = c;
    } else if (c == '}' || c == ']') {
      if (depth == 0 || open[depth - 1] != (c == '}' ? '{' : '['))
        return malformed("a bracket that does not match");
      --depth;
    } else if (depth == 0) {
      return scalar();
    }
    ++at_;
  }

  void scalar() {
    const std::size_t from = at_;
    while (at_ < text_.size() && std::strchr(",:{}[]\" \t\r\n", text_[at_]) == nullptr) ++at_;
    if (at_ == from) malformed("a value was expected");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Error> failed_;
};

tl::unexpected<Error> too_many(const std::string& parts) {
  return fail(Code::kTooLarge, "more than " + std::to_string(kPartsMax) + " " + parts);
}

}  // namespace

Result<JsonObject> JsonObject::parse(std::string_view text) {
  Cursor in(without_byte_order_mark(text));
  JsonObject out;
  out.members_.reserve(kFewMembers);
  in.expect('{', "an object was expected");
  while (in.ok() && !in.accept('}')) {
    if (!out.members_.empty()) in.expect(',', "a comma or } was expected");
    const std::string_view quoted = in.string();
    if (!in.ok()) break;
    LANYARD_TRY_SET(std::string name, json_string(quoted));
    in.expect(':', "a colon was expected");
    const std::string_view value = in.value();
    if (!in.ok()) break;
    if (out.members_.size() == kPartsMax) return too_many("members");
    out.members_.push_back({std::move(name), value});
  }
  if (in.ok()) in.end();
  if (!in.ok()) return in.error();
  if (out.has_name_twice()) return fail(Code::kMalformed, "a member name occurs twice");
  return out;
}

bool JsonObject::has_name_twice() const {
  std::vector<std::string_view> names;
  names.reserve(members_.size());
  for (const JsonMember& member : members_) names.emplace_back(member.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

std::optional<std::string_view> JsonObject::find(std::string_view name) const {
  for (const JsonMember& member : members_)
    if (member.name == name) return member.value;
  return std::nullopt;
}

Result<std::vector<std::string_view>> json_elements(std::string_view text) {
  Cursor in(without_byte_order_mark(text));
  std::vector<std::string_view> out;
  in.expect('[', "an array was expected");
  while (in.ok() && !in.accept(']')) {
    if (!out.empty()) in.expect(',', "a comma or ] was expected");
    const std::string_view value = in.value();
    if (!in.ok()) break;
    if (out.size() == kPartsMax) return too_many("elements");
    out.push_back(value);
  }
  if (in.ok()) in.end();
  if (!in.ok()) return in.error();
  return out;
}

Result<std::string> json_string(std::string_view text) {
  if (!is_json_string(text)) return fail(Code::kMalformed, "a string was expected");
  const bool plain =
      text.size() >= 2 && plain_prefix(text.substr(1)) == text.size() - 2 && text.ends_with('"');
  if (plain && is_utf8(as_bytes(text))) return std::string(text.substr(1, text.size() - 2));
  LANYARD_TRY_SET(const Bytes value, from_json(text));
  return std::string(CanonicalReader(value).text());
}

Result<std::int64_t> json_integer(std::string_view text) {
  std::int64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return fail(Code::kMalformed, "an integer was expected");
  return out;
}

}  // namespace lanyard::agent
