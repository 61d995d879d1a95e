#pragma once

#include <string>
#include <string_view>

#include "replication/types/json_text.hpp"

namespace lanyard::agent {

/// Puts the events of a parser together again as the JSON text of one value, up to a size.
class JsonCapture {
 public:
  /// `keeps`: false to follow the value without keeping it.
  void begin(bool keeps) {
    text_.clear();
    depth_ = 0;
    needs_comma_ = false;
    keeps_ = keeps;
    active_ = true;
  }
  [[nodiscard]] bool is_active() const { return active_; }
  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::string& text() { return text_; }

  void scalar(std::string_view json) {
    separate();
    if (keeps_) text_ += json;
    finish();
  }
  void string(std::string_view value) {
    separate();
    if (keeps_) append_json_string(value, text_);
    finish();
  }
  void name(std::string_view value) {
    separate();
    if (keeps_) append_json_string(value, text_), text_ += ':';
    needs_comma_ = false;
  }
  void open(char bracket) {
    separate();
    if (keeps_) text_ += bracket;
    needs_comma_ = false;
    ++depth_;
  }
  void close(char bracket) {
    if (keeps_) text_ += bracket;
    needs_comma_ = true;
    --depth_;
    finish();
  }

 private:
  void separate() {
    if (needs_comma_ && keeps_) text_ += ',';
    needs_comma_ = true;
  }
  void finish() {
    if (depth_ == 0) active_ = false;
  }

  std::string text_;
  std::size_t depth_ = 0;
  bool needs_comma_ = false;
  bool keeps_ = true;
  bool active_ = false;
};

}  // namespace lanyard::agent
