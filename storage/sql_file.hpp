#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "storage/sqlite.hpp"

/// SQL of people and apps over the views of one space's collections (docs/STORAGE.md). What it
/// comes to takes the time and memory that its text asks for, in places where SQLite looks at no
/// limit: it runs in a process of its own (docs/adr/0042).
namespace lanyard::storage {

/// One SELECT.
struct SqlQuestion {
  std::string sql;
  std::vector<Bytes> values;  ///< canonical null, boolean, number or text, for ?1, ?2, ...
  std::size_t rows_max = 1000;
};
struct SqlAnswer {
  std::vector<std::string> columns;
  /// JSON arrays of null, numbers and texts; bytes are {"hex": text}, and numbers that JSON does
  /// not have are null.
  std::vector<std::string> rows;
  std::vector<std::string> notes;  ///< view_notes(): what the views do not show
  bool is_all = true;  ///< false: there are more rows than asked for, or than limits::kPageBytes
};

/// One row as JSON. A page of an answer ends behind limits::kPageBytes, so an answer has less than
/// this and that.
inline constexpr std::size_t kSqlRowBytesMax = 16 << 20;

/// Takes an answer while it is made. False: nobody wants the rest.
struct SqlSink {
  std::function<bool(const std::vector<std::string>& columns,
                     const std::vector<std::string>& notes)>
      begin;
  std::function<bool(const std::string& row)> row;
};

/// One space's file, open for statements of strangers. For one thread.
class SqlFile {
 public:
  /// As SpaceReader::open().
  [[nodiscard]] static Result<SqlFile> open(const std::filesystem::path& file);

  /// Whether the answer is all. kUsage for what is wrong with the statement: it may only read, and
  /// only what a reader of the records could read too. kTooLarge for a row of more than
  /// kSqlRowBytesMax, and for what needs more memory or temporary files than there are.
  /// kInterrupted after `most`, where SQLite looks at the clock. Else as SpaceReader has it.
  [[nodiscard]] Result<bool> ask(const SqlQuestion& question, std::chrono::milliseconds most,
                                 const SqlSink& sink);

 private:
  explicit SqlFile(Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<bool> answer(const SqlQuestion& question,
                                    const std::vector<std::string>& notes, const SqlSink& sink);

  Database database_;
};

}  // namespace lanyard::storage
