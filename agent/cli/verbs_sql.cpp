#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

/// JSON stays what it is; anything else is text that nobody wants to quote twice.
void add_sql_value(const std::string& value, JsonWriter& out) {
  from_json(value) ? out.raw(value) : out.text(value);
}

std::string cell_text(const Json& cell) {
  if (cell.is_null()) return {};
  return display_text(cell.is_string() ? cell.get<std::string>() : cell.dump());
}

void print_answer(const Json& answer, const Output& out) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string>& head = rows.emplace_back();
  for (const Json& column : answer["columns"]) head.push_back(cell_text(column));
  for (const Json& row : answer["rows"]) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (const Json& cell : row) cells.push_back(cell_text(cell));
  }
  out.print_table(rows);
}

}  // namespace

Result<int> run(const SqlCommand& command, Session& session) {
  session.attempt("Could not ask \"" + command.space + "\"");
  LANYARD_TRY_SET(const std::string statement, text_argument(command.statement));
  JsonWriter params;
  params.begin_object().member("space", command.space).member("sql", statement);
  params.name("values").begin_array();
  for (const std::string& value : command.values) add_sql_value(value, params);
  params.end_array().member("limit", command.limit);
  LANYARD_TRY_SET(const std::string text, session.call("data.sql", params.end_object().str()));
  const Output& out = session.out();
  if (out.style().json) {
    out.json("sql/1", text);
    return exit_code::kOk;
  }
  LANYARD_TRY_SET(const Json answer, read_json(text));
  print_answer(answer, out);
  if (!out.style().quiet)
    for (const Json& note : answer.value("notes", Json::array()))
      out.error("Note: " + cell_text(note) + ".\n");
  if (answer.value("more", false) && !out.style().quiet)
    out.error("There is more: ask for less, or for up to 10,000 rows with --limit.\n");
  return exit_code::kOk;
}

}  // namespace lanyard::agent
