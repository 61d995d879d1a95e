#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "storage/sql_file.hpp"

/// What the agent and a process that answers SQL say to each other over a socket pair: values, each
/// in canonical msgpack behind 4 bytes of length (big-endian). Both ends are of one build, so
/// nothing here has a version. That process runs statements of strangers and may be taken over by
/// one: the agent believes none of its lengths, counts or texts. Pure.
namespace lanyard::agent {

/// A statement with its values, as a request may bring them.
inline constexpr std::size_t kToSqlProcessBytesMax = 16 << 20;
/// The largest message from there: a row.
inline constexpr std::size_t kFromSqlProcessBytesMax = storage::kSqlRowBytesMax + 1024;
/// Of a name, a note or an error.
inline constexpr std::size_t kSqlTextBytesMax = 4096;
/// SQLITE_LIMIT_COLUMN, as statements of strangers have it.
inline constexpr std::size_t kSqlColumnsMax = 256;

/// To the process: the file that it is for. Said once.
struct SqlOpen {
  std::string path;
};
/// To the process: answer this.
struct SqlAsk {
  storage::SqlQuestion question;
  std::chrono::milliseconds most{0};
};
using ToSqlProcess = std::variant<SqlOpen, SqlAsk>;

/// To the agent: the file is open, and nothing else will be.
struct SqlOpened {};
/// To the agent: an answer begins; its rows come behind it, a message each.
struct SqlHead {
  std::vector<std::string> columns;
  std::vector<std::string> notes;
};
struct SqlRow {
  std::string json;
};
struct SqlEnd {
  bool is_all = true;
};
/// To the agent, in place of any of these: that is how it ends.
struct SqlFailure {
  Code code = Code::kProtocol;
  std::string detail;
  std::string fix;
};
using FromSqlProcess = std::variant<SqlOpened, SqlHead, SqlRow, SqlEnd, SqlFailure>;

/// With its length in front. Texts are cut where they are too long.
[[nodiscard]] Bytes encode(const ToSqlProcess& message);
[[nodiscard]] Bytes encode(const FromSqlProcess& message);
/// Without its length. kMalformed for anything that the other side would not send.
[[nodiscard]] Result<ToSqlProcess> decode_to_sql_process(ByteView bytes);
[[nodiscard]] Result<FromSqlProcess> decode_from_sql_process(ByteView bytes);

/// Whether a row is what it should be: a JSON array of so many values.
[[nodiscard]] bool is_sql_row(std::string_view json, std::size_t columns);

}  // namespace lanyard::agent
