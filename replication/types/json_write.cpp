#include <charconv>

#include "replication/types/canonical.hpp"
#include "replication/types/json_plain.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard {
namespace {

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[c & 15];
  }
}

void append_real(double value, std::string& out) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";  // 1.0 is not 1
}

void append_integer(std::int64_t value, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_value(CanonicalReader& in, std::string& out) {
  using Kind = CanonicalReader::Kind;
  switch (in.peek()) {
    case Kind::kNil: in.nil(), out += "null"; return;
    case Kind::kBoolean: out += in.boolean() ? "true" : "false"; return;
    case Kind::kInteger: append_integer(in.integer(), out); return;
    case Kind::kReal: append_real(in.real(), out); return;
    case Kind::kText: append_json_string(in.text(), out); return;
    case Kind::kArray: {
      out += '[';
      const std::size_t size = in.array();
      for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        append_value(in, out);
      }
      out += ']';
      return;
    }
    case Kind::kMap: {
      out += '{';
      const std::size_t size = in.map();
      for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        append_json_string(in.text(), out);
        out += ':';
        append_value(in, out);
      }
      out += '}';
      return;
    }
    case Kind::kBinary:
    case Kind::kNone: in.fail(Code::kMalformed);
  }
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_escaped(text.front(), out);
    text.remove_prefix(1);
  }
  out += '"';
}

void append_json(ByteView canonical, std::string& out) {
  CanonicalReader in(canonical);
  append_value(in, out);
}

std::string to_json(ByteView canonical) {
  std::string out;
  append_json(canonical, out);
  return out;
}

}  // namespace lanyard
