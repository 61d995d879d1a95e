#include <algorithm>
#include <cstdlib>
#include <map>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "storage/sqlite.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

struct Checked {
  SpaceId space;
  std::string name;
  std::vector<std::string> findings;
  storage::CheckReport report;
};

/// Spaces by id: from the files, so that it works without an agent.
std::vector<SpaceId> spaces_on_disk(const fs::path& data_dir) {
  std::vector<SpaceId> out;
  std::error_code ignored;
  for (const auto& folder : fs::directory_iterator(data_dir, ignored)) {
    if (!folder.is_directory(ignored) || folder.path().filename().string().size() != 2) continue;
    for (const auto& file : fs::directory_iterator(folder.path(), ignored)) {
      const auto space = space_id_from_text(file.path().stem().string());
      if (space && file.path().extension() == ".db") out.push_back(*space);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

fs::path file_of(const fs::path& data_dir, const SpaceId& space) {
  const std::string text = to_text(space);
  return data_dir / text.substr(0, 2) / (text + ".db");
}

/// Names, if an agent is there to ask.
std::map<std::string, std::string> names_by_id(const Session& session) {
  std::map<std::string, std::string> out;
  const auto text = session.call("space.list", "{}");
  const auto answer = text ? read_json(*text) : Result<Json>(fail(text.error()));
  if (!answer) return out;
  for (const Json& space : (*answer)["spaces"])
    out[space.value("id", std::string())] = space.value("name", std::string());
  return out;
}

/// SQLite's own check of the file: pages, indexes, types.
Status check_file(const fs::path& file, std::vector<std::string>& findings) {
  LANYARD_TRY_SET(storage::Database database,
                  storage::Database::open(file, storage::Database::Mode::kReadOnly, {}));
  storage::Query query(database, "PRAGMA quick_check(20)");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    if (query.text(0) != "ok") findings.emplace_back(query.text(0));
  }
}

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "lanyard-check-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

Status rebuild(const fs::path& file, Checked& checked, const Session& session) {
  crypto::SystemRng rng;
  const crypto::SodiumHasher hasher;
  LANYARD_TRY_SET(const crypto::Identity identity,
                  crypto::Identity::load(session.paths().identity()));
  const crypto::SpaceKeysFactory ciphers(identity, rng);
  const Scratch scratch;
  int last = -1;
  LANYARD_TRY_SET(
      checked.report,
      storage::check_rebuild(file, checked.space, {identity, hasher, ciphers, rng},
                             scratch.folder(), [&](std::uint64_t done, std::uint64_t of) {
                               const int tenth = of == 0 ? 10 : static_cast<int>(done * 10 / of);
                               if (std::exchange(last, tenth) != tenth)
                                 session.out().progress("rebuilding " + checked.name + "  " +
                                                        std::to_string(tenth * 10) + " %");
                             }));
  session.out().end_progress();
  for (const std::string& line : checked.report.differences) checked.findings.push_back(line);
  return {};
}

Result<Checked> check_one(const SpaceId& space, const std::string& name, bool with_rebuild,
                          const Session& session) {
  Checked out{space, name, {}, {}};
  const fs::path file = file_of(session.paths().data_dir, space);
  LANYARD_TRY(check_file(file, out.findings));
  if (with_rebuild) LANYARD_TRY(rebuild(file, out, session));
  return out;
}

void print(const Checked& checked, bool rebuilt, const Output& out) {
  if (!out.style().json) {
    const bool fine = checked.findings.empty();
    const std::string how =
        rebuilt ? "  rebuilt from " + plural(checked.report.changes, "change") + ": " +
                      (fine ? plural(checked.report.records, "record") + ", the same bytes"
                            : plural(checked.findings.size(), "difference"))
        : fine ? "  the file is whole"
               : "  " + plural(checked.findings.size(), "finding");
    out.line((fine ? "ok    " : "FAIL  ") + display_text(checked.name) + how);
    for (const std::string& finding : checked.findings) out.line("      " + display_text(finding));
    return;
  }
  JsonWriter json;
  json.begin_object().member("space", to_text(checked.space)).member("name", checked.name);
  json.member("rebuilt", rebuilt).member("changes", checked.report.changes);
  json.member("records", checked.report.records).name("findings").begin_array();
  for (const std::string& finding : checked.findings) json.text(display_text(finding));
  out.json("check/1", json.end_array().end_object().str());
}

}  // namespace

Result<int> run(const CheckCommand& command, Session& session) {
  session.attempt("Could not check the stored data");
  LANYARD_TRY(crypto::init());
  const auto names = names_by_id(session);
  std::size_t checked = 0;
  bool fine = true;
  for (const SpaceId& space : spaces_on_disk(session.paths().data_dir)) {
    const auto named = names.find(to_text(space));
    const std::string name = named == names.end() ? to_text(space) : named->second;
    if (!command.space.empty() && command.space != name && command.space != to_text(space))
      continue;
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    auto result = check_one(space, name, command.rebuild, session);
    if (!result && !result.error().is(Code::kCorrupt)) return fail(result.error());
    if (!result) result = Checked{space, name, {result.error().detail}, {}};
    print(*result, command.rebuild, session.out());
    fine = fine && result->findings.empty();
    ++checked;
  }
  if (!command.space.empty() && checked == 0)
    return fail(Code::kNotFound, "there is no space \"" + command.space + "\" here",
                names.empty() ? "The agent is not running: give the space's id." : "");
  if (checked == 0) session.out().say("There is no space here.");
  return fine ? exit_code::kOk : exit_code::kIntegrity;
}

}  // namespace lanyard::agent
