#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "replication/types/json_text.hpp"

namespace lanyard::agent {

/// Writes compact JSON text, member by member, in the order of the calls. What is wrong with the
/// order of calls shows in the text: there are no checks. Strings must be UTF-8, or are written as
/// display text would be by the caller.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& name(std::string_view text) {
    separate();
    append_json_string(text, out_);
    out_ += ':';
    needs_comma_ = false;
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    append_json_string(value, out_);
    return *this;
  }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  template <std::integral T>
  JsonWriter& number(T value) {
    return raw(std::to_string(value));
  }
  JsonWriter& null() { return raw("null"); }

  JsonWriter& member(std::string_view key, std::string_view value) { return name(key).text(value); }
  JsonWriter& member(std::string_view key, const char* value) { return name(key).text(value); }
  JsonWriter& member(std::string_view key, bool value) { return name(key).boolean(value); }
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonWriter& member(std::string_view key, T value) {
    return name(key).number(value);
  }

  /// "key":["...", ...].
  JsonWriter& texts(std::string_view key, const std::vector<std::string>& values) {
    name(key).begin_array();
    for (const std::string& value : values) text(value);
    return end_array();
  }

  [[nodiscard]] const std::string& str() const& { return out_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (needs_comma_) out_ += ',';
    needs_comma_ = true;
  }
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    needs_comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    needs_comma_ = true;
    return *this;
  }

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace lanyard::agent
