#include "storage/sql_file.hpp"

#include <algorithm>
#include <cmath>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"
#include "storage/compat_views.hpp"
#include "storage/view_notes.hpp"

/// SQL of people and apps: it sees what the views show, and nothing of what is kept beside it.
namespace lanyard::storage {
namespace {

/// One value on its way through SQLite's functions.
constexpr std::size_t kSqlValueBytesMax = 8 * limits::kMiB;

bool may_read_column(std::string_view table, std::string_view column, std::string_view /*within*/) {
  if (table == "lanyard_records" &&
      (column.empty() || column == "key" || column == "value" || column == "collection"))
    return true;
  return !table.starts_with("lanyard_") && !table.starts_with("sqlite_") &&
         !table.starts_with("pragma_") && table != "dbstat";
}

bool may_read_in_views(std::string_view table, std::string_view column, std::string_view within) {
  return may_read_column(table, column, within) || is_read_by_compat_view(within, table, column);
}

/// Whether a statement names tables of ours itself. One that does could call a part of itself like
/// a view, and has no more than the records.
bool names_our_tables(std::string sql) {
  for (char& c : sql) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return sql.find("lanyard_") != std::string::npos;
}

/// The text of a value has to live as long as the query.
Status bind_value(Query& query, ByteView value) {
  using Kind = CanonicalReader::Kind;
  CanonicalReader in(value);
  switch (in.peek()) {
    case Kind::kNil: query.bind_null(); return {};
    case Kind::kBoolean: query.bind(std::int64_t{in.boolean()}); return {};
    case Kind::kInteger: query.bind(in.integer()); return {};
    case Kind::kReal: query.bind(in.real()); return {};
    case Kind::kText: query.bind(in.text()); return {};
    default: return fail(Code::kUsage, "a value for SQL is null, true, false, a number or a text");
  }
}

Status bind_values(Query& query, const std::vector<Bytes>& values) {
  if (static_cast<std::size_t>(query.parameters()) != values.size())
    return fail(Code::kUsage, "the statement wants " + std::to_string(query.parameters()) +
                                  " values, and there are " + std::to_string(values.size()));
  for (const Bytes& value : values) LANYARD_TRY(bind_value(query, value));
  return {};
}

void append_hex(ByteView bytes, std::string& out) { out += "{\"hex\":\"" + to_hex(bytes) + "\"}"; }

void append_cell(const Query& query, int column, std::string& out) {
  switch (query.type(column)) {
    case Query::Type::kNull: out += "null"; return;
    case Query::Type::kInteger: out += std::to_string(query.integer(column)); return;
    case Query::Type::kReal: {
      Bytes real;
      CanonicalWriter writer(real);
      std::isfinite(query.real(column)) ? writer.real(query.real(column)) : writer.nil();
      return append_json(real, out);
    }
    case Query::Type::kText: {
      const std::string_view text = query.text(column);
      return is_utf8(as_bytes(text)) ? append_json_string(text, out)
                                     : append_hex(as_bytes(text), out);
    }
    case Query::Type::kBlob: append_hex(query.blob(column), out); return;
  }
}

/// Bytes of a text as a JSON string.
std::size_t json_size(std::string_view text) {
  std::size_t out = text.size() + 2;
  for (const char c : text) {
    if (c == '"' || c == '\\') ++out;
    if (static_cast<unsigned char>(c) < 0x20) out += 5;
  }
  return out;
}

/// At least as many as append_cell() appends.
std::size_t size_of_cell(const Query& query, int column) {
  constexpr std::size_t kNumberMax = 32;
  switch (query.type(column)) {
    case Query::Type::kText: {
      const std::string_view text = query.text(column);
      return std::max(json_size(text), 2 * text.size() + kNumberMax);
    }
    case Query::Type::kBlob: return 2 * query.blob(column).size() + kNumberMax;
    default: return kNumberMax;
  }
}

/// Counted before each cell is made: JSON of control characters is six times as long.
Result<std::string> row_of(const Query& query) {
  std::string out = "[";
  for (int column = 0; column < query.columns(); ++column) {
    if (out.size() + size_of_cell(query, column) > kSqlRowBytesMax)
      return fail(Code::kTooLarge, "a row of the answer has more than 16 MiB as JSON",
                  "Ask for fewer columns, or for parts of what is in them.");
    if (column > 0) out += ',';
    append_cell(query, column, out);
  }
  return out + "]";
}

}  // namespace

Result<SqlFile> SqlFile::open(const std::filesystem::path& file) {
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  // What has to be sorted may be more than fits into memory.
  LANYARD_TRY(database.execute("PRAGMA temp_store=FILE"));
  // The two table functions are made with their first use, which is too late once nothing may be
  // made any more. Where something else has the name, in a file that was made before such names
  // were left to SQLite, a statement may do without them.
  static_cast<void>(database.execute("SELECT 1 FROM json_each('[]'),json_tree('[]') LIMIT 0"));
  database.blame_statements();
  return SqlFile(std::move(database));
}

Result<bool> SqlFile::answer(const SqlQuestion& question, const std::vector<std::string>& notes,
                             const SqlSink& sink) {
  Query query(database_, question.sql);
  LANYARD_TRY(query.check());
  LANYARD_TRY(bind_values(query, question.values));
  std::vector<std::string> columns;
  for (int column = 0; column < query.columns(); ++column)
    columns.push_back(query.column_name(column));
  if (!sink.begin(columns, notes)) return false;
  std::size_t bytes = 0;
  for (std::size_t rows = 0;; ++rows) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return true;
    if (rows == question.rows_max || bytes > limits::kPageBytes) return false;
    LANYARD_TRY_SET(const std::string row, row_of(query));
    bytes += row.size();
    if (!sink.row(row)) return false;
  }
}

Result<bool> SqlFile::ask(const SqlQuestion& question, std::chrono::milliseconds most,
                          const SqlSink& sink) {
  database_.limit_time(most);
  database_.trust();
  LANYARD_TRY_SET(const auto notes, view_notes(database_, question.sql));
  database_.distrust(names_our_tables(question.sql) ? may_read_column : may_read_in_views,
                     kSqlValueBytesMax);
  auto answered = answer(question, notes, sink);
  if (answered) return answered;
  const Error& error = answered.error();
  if (database_.is_out_of_memory())
    return fail(Code::kTooLarge, "the statement needs more memory than one may have",
                "Ask for less at a time.");
  // It only reads: what is full is where SQLite puts what it sorts.
  if (error.is(Code::kDiskFull))
    return fail(Code::kTooLarge,
                "there is no room left for temporary files, in TMPDIR or /var/tmp, or the "
                "statement needs more than 1 GiB of them",
                "Ask for less, or free some space there: the data is on another disk or has room. "
                "Or start the agent with TMPDIR set to a folder that has room.");
  if (error.is(Code::kUsage))
    return fail(Code::kUsage, "SQL: " + error.detail,
                notes.empty()
                    ? "One SELECT over the views of the collections: SELECT id, title FROM chats"
                    : "Note: " + notes.front() + ".");
  return answered;
}

}  // namespace lanyard::storage
