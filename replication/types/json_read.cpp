#include <charconv>
#include <cmath>

#include "replication/types/canonical.hpp"
#include "replication/types/json_plain.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard {
namespace {

void append_utf8(std::uint32_t point, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6), tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12), tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0);
  }
}

/// Members that wait for their objects to end and be sorted, in all objects that are open: no op
/// holds more, and each takes some 100 bytes, many times what it takes in the text.
constexpr std::size_t kOpenMembersMax = limits::kOpNodesMax;

/// The largest number that JavaScript writes in digits alone.
constexpr double kWholeRealMax = 1e21;

/// Recursive descent; recursion is bounded by `depth_max`. Everything is written once, where it
/// will be, but for members that come in another order than they are kept in.
class Parser {
 public:
  Parser(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  Result<Bytes> parse() {
    out_.reserve(text_.size());  // what it comes to is seldom more
    value(0);
    space();
    if (ok() && at_ != text_.size()) stop(Code::kMalformed, "text after the value");
    if (!ok()) return fail(code_, std::string(why_) + " at byte " + std::to_string(where_));
    return std::move(out_);
  }
  /// Of an object that was parsed, in what parse() returned.
  std::optional<std::vector<NamedValues::Place>> take_places() { return std::move(places_); }

 private:
  /// Where a member that was read stands in `out_`: its name with a header, and its value.
  struct Member {
    std::size_t begin = 0;
    std::size_t name = 0;
    std::size_t name_size = 0;
    std::size_t end = 0;
  };

  [[nodiscard]] bool ok() const { return why_ == nullptr; }
  void stop(Code code, const char* why) {
    if (!ok()) return;
    code_ = code;
    why_ = why;
    where_ = at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c, const char* why) {
    if (!accept(c)) stop(Code::kMalformed, why);
  }
  void space() {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  void value(std::size_t depth) {
    space();
    CanonicalWriter writer(out_);
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': string(); return;
      case 't': return literal("true", [&] { writer.boolean(true); });
      case 'f': return literal("false", [&] { writer.boolean(false); });
      case 'n': return literal("null", [&] { writer.nil(); });
      default: return number(writer);
    }
  }

  template <class Write>
  void literal(std::string_view word, Write write) {
    if (text_.substr(at_, word.size()) != word) return stop(Code::kMalformed, "not a JSON value");
    at_ += word.size();
    write();
  }

  void array(std::size_t depth) {
    if (depth >= depth_max_) return stop(Code::kTooLarge, "nested too deeply");
    ++at_;
    const std::size_t from = out_.size();
    std::size_t count = 0;
    space();
    while (ok() && peek() != ']') {
      if (count > 0) expect(',', "a comma or ] was expected");
      if (ok()) value(depth + 1);
      ++count;
      space();
    }
    expect(']', "the array is not closed");
    static_cast<void>(put_head(from, [count](CanonicalWriter& head) { head.array(count); }));
  }

  void object(std::size_t depth) {
    if (depth >= depth_max_) return stop(Code::kTooLarge, "nested too deeply");
    ++at_;
    const std::size_t from = out_.size();
    const std::size_t first = members_.size();
    space();
    while (ok() && peek() != '}') {
      if (members_.size() > first) expect(',', "a comma or } was expected");
      member(depth);
      space();
    }
    expect('}', "the object is not closed");
    if (!ok()) return;
    sort_members(first);
    const std::size_t count = members_.size() - first;
    const std::size_t behind = put_head(from, [count](CanonicalWriter& head) { head.map(count); });
    if (depth == 0) note_places(behind);
    members_.resize(first);
  }

  /// Where the members of the outermost object are, of which the first begins at `at`.
  void note_places(std::size_t at) {
    places_.emplace().reserve(members_.size());
    for (const Member& each : members_) {
      const std::size_t name = at + each.name - each.begin;
      const std::size_t value = name + each.name_size;
      at += each.end - each.begin;
      places_->push_back({name, each.name_size, value, at - value});
    }
  }

  void member(std::size_t depth) {
    space();
    if (ok() && peek() != '"') stop(Code::kMalformed, "a member name was expected");
    if (members_.size() == kOpenMembersMax) stop(Code::kTooLarge, "more than 65,536 members");
    if (!ok()) return;
    const std::size_t index = members_.size();
    members_.push_back({out_.size(), 0, 0, 0});
    members_[index].name_size = string();
    members_[index].name = out_.size() - members_[index].name_size;
    space();
    expect(':', "a colon was expected");
    if (ok()) value(depth + 1);
    members_[index].end = out_.size();
  }

  [[nodiscard]] std::string_view name_of(const Member& member) const {
    return as_text(ByteView(out_).subspan(member.name, member.name_size));
  }

  /// The members from `first` on, which end the output, in the order of their names.
  void sort_members(std::size_t first) {
    const std::span<Member> members = std::span(members_).subspan(first);
    const auto is_behind = [&](const Member& left, const Member& right) {
      return name_of(left) >= name_of(right);
    };
    if (std::adjacent_find(members.begin(), members.end(), is_behind) == members.end()) return;
    const std::size_t from = members.front().begin;
    std::sort(members.begin(), members.end(), [&](const Member& left, const Member& right) {
      return name_of(left) < name_of(right);
    });
    if (std::adjacent_find(members.begin(), members.end(), is_behind) != members.end())
      return stop(Code::kMalformed, "a member name occurs twice");
    unsorted_.assign(out_.begin() + static_cast<std::ptrdiff_t>(from), out_.end());
    out_.resize(from);
    for (const Member& each : members)
      append(out_, ByteView(unsorted_).subspan(each.begin - from, each.end - each.begin));
  }

  /// Puts what says how many there are in front of what was written from there on; answers where
  /// that begins now.
  template <class Write>
  std::size_t put_head(std::size_t from, Write write) {
    head_.clear();
    CanonicalWriter head(head_);
    write(head);
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(from), head_.begin(), head_.end());
    return from + head_.size();
  }

  /// The size of the text without its header.
  std::size_t string() {
    ++at_;
    const std::size_t plain = plain_prefix(text_.substr(at_));
    if (at_ + plain < text_.size() && text_[at_ + plain] == '"') {
      const std::string_view text = text_.substr(at_, plain);
      at_ += plain + 1;
      return write_text(text);
    }
    unescaped_.clear();
    unescape(unescaped_);
    return ok() ? write_text(unescaped_) : 0;
  }

  std::size_t write_text(std::string_view text) {
    if (!is_utf8(as_bytes(text))) stop(Code::kMalformed, "a string is not UTF-8");
    if (ok()) CanonicalWriter(out_).text(text);
    return ok() ? text.size() : 0;
  }

  /// To the end of the string.
  void unescape(std::string& out) {
    while (ok()) {
      const std::string_view plain = text_.substr(at_, plain_prefix(text_.substr(at_)));
      out.append(plain);
      at_ += plain.size();
      if (accept('"')) return;
      if (at_ >= text_.size()) {
        stop(Code::kMalformed, "the string is not closed");
      } else if (accept('\\')) {
        escape(out);
      } else {
        stop(Code::kMalformed, "a control character in a string");
      }
    }
  }

  void escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (accept('u')) return unicode(out);
    const std::size_t found = kNames.find(peek());
    if (at_ >= text_.size() || found == std::string_view::npos)
      return stop(Code::kMalformed, "an unknown escape");
    out += kMeant[found];
    ++at_;
  }

  std::uint32_t hex4() {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16).ptr;
    if (digits.size() != 4 || end != digits.data() + 4)
      stop(Code::kMalformed, "four hexadecimal digits were expected");
    at_ += digits.size();
    return unit;
  }

  void unicode(std::string& out) {
    std::uint32_t point = hex4();
    if (point >= 0xD800 && point < 0xDC00) {
      const bool second = accept('\\') && accept('u');
      const std::uint32_t low = second && ok() ? hex4() : 0;
      if (low < 0xDC00 || low > 0xDFFF) return stop(Code::kMalformed, "half of a surrogate pair");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point <= 0xDFFF) {
      return stop(Code::kMalformed, "half of a surrogate pair");
    }
    if (ok()) append_utf8(point, out);
  }

  std::size_t digits() {
    const std::size_t from = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    if (at_ == from) stop(Code::kMalformed, "not a JSON value");
    return at_ - from;
  }

  void number(CanonicalWriter& writer) {
    const std::size_t from = at_;
    accept('-');
    const bool zero = peek() == '0';
    if (digits() > 1 && zero) return stop(Code::kMalformed, "a number begins with 0");
    bool whole = true;
    if (accept('.')) whole = false, digits();
    if (accept('e') || accept('E')) {
      whole = false;
      if (!accept('+')) accept('-');
      digits();
    }
    if (ok()) write_number(text_.substr(from, at_ - from), whole, writer);
  }

  void write_number(std::string_view digits, bool whole, CanonicalWriter& writer) {
    const char* end = digits.data() + digits.size();
    if (whole) {
      std::int64_t value = 0;
      if (std::from_chars(digits.data(), end, value).ec == std::errc{})
        return writer.integer(value);
    }
    double value = 0;
    const auto result = std::from_chars(digits.data(), end, value);
    // Out of range is also reported for what is too small; that reads as 0 everywhere, and is as
    // close as can be.
    if (result.ec == std::errc::result_out_of_range && is_tiny(digits)) return writer.real(0.0);
    if (result.ec != std::errc{} || !std::isfinite(value))
      return stop(Code::kTooLarge, "a number is too large");
    if (whole && std::abs(value) > kWholeRealMax)
      return stop(Code::kTooLarge, "a whole number is beyond 1e21");
    writer.real(value);
  }

  /// Whether a number beyond a double's range is nearer to zero than any double: the power of ten
  /// of its first digit is negative.
  static bool is_tiny(std::string_view number) {
    const std::size_t end = std::min(number.find_first_of("eE"), number.size());
    const std::string_view digits = number.substr(0, end);
    const std::size_t point = std::min(digits.find('.'), digits.size());
    const std::size_t first = std::min(digits.find_first_of("123456789"), digits.size());
    return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) +
               exponent(number.substr(end)) <=
           0;
  }

  /// The number after e or E, as far as it matters: texts are shorter than 10^12 characters.
  static std::int64_t exponent(std::string_view text) {
    constexpr std::int64_t kFar = 1'000'000'000'000;
    if (text.empty()) return 0;
    text.remove_prefix(text[1] == '+' ? 2 : 1);
    std::int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec == std::errc::result_out_of_range) return text[0] == '-' ? -kFar : kFar;
    return std::clamp(value, -kFar, kFar);
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
  std::size_t where_ = 0;  // of the first mistake
  Code code_ = Code::kMalformed;
  const char* why_ = nullptr;
  Bytes out_;
  std::vector<Member> members_;  // of all objects that are open
  std::optional<std::vector<NamedValues::Place>> places_;
  Bytes unsorted_;
  Bytes head_;
  std::string unescaped_;
};

}  // namespace

Result<Bytes> from_json(std::string_view text, std::size_t depth_max) {
  return Parser(text, depth_max).parse();
}

Result<std::optional<NamedValues>> members_from_json(std::string_view text, std::size_t depth_max) {
  Parser parser(text, depth_max);
  LANYARD_TRY_SET(Bytes map, parser.parse());
  auto places = parser.take_places();
  if (!places) return std::nullopt;
  return NamedValues(std::move(map), std::move(*places));
}

}  // namespace lanyard
