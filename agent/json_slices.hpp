#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replication/types/result.hpp"

/// JSON texts cut into their parts without converting them, so that a value is read once, by
/// whoever knows what it should be (from_json of replication/types reads records). Checks the
/// structure on its way: strings end, brackets match, names differ. Pure.
namespace lanyard::agent {

struct JsonMember {
  std::string name;
  std::string_view value;  ///< the text of the value, without white space around it
};

class JsonObject {
 public:
  /// The members of a text that is one object and nothing else; kMalformed otherwise, kTooLarge
  /// for more than 65,536. The values point into `text`.
  [[nodiscard]] static Result<JsonObject> parse(std::string_view text);

  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] const std::vector<JsonMember>& members() const { return members_; }

 private:
  [[nodiscard]] bool has_name_twice() const;

  std::vector<JsonMember> members_;
};

/// The elements of a text that is one array and nothing else; kMalformed otherwise, kTooLarge for
/// more than 65,536.
[[nodiscard]] Result<std::vector<std::string_view>> json_elements(std::string_view text);

/// A text without the mark that some editors and shells put before it; readers may pass over it
/// (RFC 8259 8.1).
[[nodiscard]] inline std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

/// The text of a JSON string; kMalformed if it is none.
[[nodiscard]] Result<std::string> json_string(std::string_view text);
/// kMalformed unless it is an integer of 64 bits.
[[nodiscard]] Result<std::int64_t> json_integer(std::string_view text);
/// True for an object, an array, a string: by its first character.
[[nodiscard]] inline bool is_json_object(std::string_view value) { return value.starts_with('{'); }
[[nodiscard]] inline bool is_json_array(std::string_view value) { return value.starts_with('['); }
[[nodiscard]] inline bool is_json_string(std::string_view value) { return value.starts_with('"'); }

}  // namespace lanyard::agent
