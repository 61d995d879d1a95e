#include "storage/view_notes.hpp"

#include <set>

#include "storage/record_rows.hpp"
#include "storage/views.hpp"

namespace lanyard::storage {
namespace {

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

/// Notes on what the view of a collection leaves out.
void note_columns(const std::string& collection, const std::vector<std::string>& fields,
                  std::vector<std::string>& notes) {
  const ViewColumns columns = columns_of(fields);
  const std::string view = "the view " + in_quotes(collection);
  for (const auto& [field, twin] : columns.twins)
    notes.push_back(view + " has no column for the field " + in_quotes(field) +
                    ": it differs from " + in_quotes(twin) + ", which has one, in case alone");
  for (const std::string& field : columns.unnamed)
    notes.push_back(view + " has no column for the field " + in_quotes(field) +
                    ": quotes, backslashes and control characters cannot be in its name");
  if (columns.beyond == 0) return;
  const bool may_be_more = fields.size() >= RecordRows::kFieldsMax;
  notes.push_back(view + " has 200 columns, and none for " + std::to_string(columns.beyond) +
                  (may_be_more ? " other fields or more" : " other fields"));
}

}  // namespace

Result<std::vector<std::string>> view_notes(Database& database, std::string_view sql) {
  const std::string asked = sql_name(sql);
  Query query(database, "SELECT number, name FROM lanyard_collections ORDER BY name");
  std::vector<std::string> notes;
  std::set<std::string> with_view;
  while (notes.size() < kViewNotesMax) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return notes;
    const std::string name(query.text(1));
    if (name.empty() || asked.find(sql_name(name)) == std::string::npos) continue;
    if (!may_have_view(name)) {
      notes.push_back("the collection " + in_quotes(name) +
                      " has no view: a view cannot have its name");
    } else if (!with_view.insert(sql_name(name)).second) {
      notes.push_back("the collection " + in_quotes(name) +
                      " has no view: another has one whose name differs in case alone");
    } else {
      LANYARD_TRY_SET(const auto fields, known_fields(database, query.integer(0)));
      note_columns(name, fields, notes);
    }
  }
  notes.resize(kViewNotesMax);
  return notes;
}

}  // namespace lanyard::storage
