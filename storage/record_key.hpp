#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "storage/sql_value.hpp"

namespace lanyard::storage {

/// A record's key as its column holds it: a UUID in lower case as its 16 bytes, anything else as
/// text. Lives no longer than the text it was made from.
class RecordKey {
 public:
  explicit RecordKey(std::string_view text);
  /// SQLite reads the key when the query runs: both live until then.
  void bind_to(Query& query) const&;
  void bind_to(Query& query) const&& = delete;
  [[nodiscard]] bool is_uuid() const { return is_uuid_; }
  /// Of a UUID.
  [[nodiscard]] ByteView bytes() const { return bytes_; }

 private:
  std::string_view text_;
  std::array<std::uint8_t, 16> bytes_{};
  bool is_uuid_ = false;
};

/// The key as a value of SQL.
[[nodiscard]] SqlValue key_value(std::string_view text);
/// The least UUID whose text is not before `text`, as a key column holds it; nothing if all are.
[[nodiscard]] std::optional<Bytes> least_uuid_from(std::string_view text);

/// SQL for the text of a key column.
[[nodiscard]] std::string key_sql(const std::string& column);
/// The text of a key column.
[[nodiscard]] std::string key_text(const Query& row, int column);

}  // namespace lanyard::storage
