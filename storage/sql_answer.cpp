#include <cmath>

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"
#include "storage/compat_views.hpp"
#include "storage/long_reading.hpp"
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

std::string row_of(const Query& query) {
  std::string out = "[";
  for (int column = 0; column < query.columns(); ++column) {
    if (column > 0) out += ',';
    append_cell(query, column, out);
  }
  return out + "]";
}

Status read_answer(Database& database, const SqlQuestion& question, SqlAnswer& answer) {
  Query query(database, question.sql);
  LANYARD_TRY(query.check());
  LANYARD_TRY(bind_values(query, question.values));
  for (int column = 0; column < query.columns(); ++column)
    answer.columns.push_back(query.column_name(column));
  std::size_t bytes = 0;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    if (answer.rows.size() == question.rows_max || bytes > limits::kPageBytes) {
      answer.is_all = false;
      return {};
    }
    bytes += answer.rows.emplace_back(row_of(query)).size();
  }
}

}  // namespace

Result<SqlAnswer> ask_sql(const std::filesystem::path& file, const SqlQuestion& question,
                          const Patience& patience) {
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadOnly, {}));
  // What has to be sorted may be more than fits into memory.
  LANYARD_TRY(database.execute("PRAGMA temp_store=FILE"));
  // The two table functions are made with their first use, which is too late once nothing may be
  // made any more. Where something else has the name, in a file that was made before such names
  // were left to SQLite, a statement may do without them.
  static_cast<void>(database.execute("SELECT 1 FROM json_each('[]'),json_tree('[]') LIMIT 0"));
  database.limit_time(patience.most);
  database.give_up_with(patience.is_given_up);
  database.blame_statements();
  SqlAnswer answer;
  LANYARD_TRY_SET(answer.notes, view_notes(database, question.sql));
  database.distrust(names_our_tables(question.sql) ? may_read_column : may_read_in_views,
                    kSqlValueBytesMax);
  const Status read = read_answer(database, question, answer);
  if (read) return answer;
  const Error& error = read.error();
  // It only reads: what is full is where SQLite puts what it sorts.
  if (error.is(Code::kDiskFull))
    return fail(Code::kTooLarge, "there is no room left for temporary files, in TMPDIR or /var/tmp",
                "Ask for less, or free some space there: the data is on another disk or has room. "
                "Or start the agent with TMPDIR set to a folder that has room.");
  if (error.is(Code::kUsage))
    return fail(Code::kUsage, "SQL: " + error.detail,
                answer.notes.empty()
                    ? "One SELECT over the views of the collections: SELECT id, title FROM chats"
                    : "Note: " + answer.notes.front() + ".");
  return fail(error);
}

}  // namespace lanyard::storage
