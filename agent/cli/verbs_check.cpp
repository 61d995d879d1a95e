#include <algorithm>
#include <cstdlib>
#include <map>

#include "agent/cli/session.hpp"
#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "storage/platform_file.hpp"
#include "storage/space_files.hpp"
#include "storage/sqlite.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {
namespace {

namespace fs = std::filesystem;

/// What was looked at, and what is wrong with it.
struct Checked {
  SpaceId space;
  std::string name;
  std::vector<std::string> findings = {};
  std::string fix = {};  ///< where there are findings: what to do now
  storage::CheckReport report = {};
};

/// What platform.sqlite says of the spaces that have a file, by their ids.
using ListedNames = std::map<SpaceId, std::string>;

/// Read from the file, so that it works without an agent.
Result<ListedNames> listed_spaces(storage::Database& platform) {
  ListedNames out;
  storage::Query query(platform, "SELECT id, name FROM spaces WHERE has_left = 0 AND has_data = 1");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    if (const auto id = space_id_from_text(query.text(0))) out.emplace(*id, query.text(1));
  }
}

std::string fix_for_space(const fs::path& file) {
  return "Restore " + file.string() +
         " from a backup. Or fetch the space again from your other devices:  lanyard down , move "
         "the file and those beside it (-wal, -shm) away, make an empty file of its name, lanyard "
         "up";
}

/// SQLite's own check of the file: pages, indexes, types.
Status check_pages(storage::Database& database, std::vector<std::string>& findings) {
  storage::Query query(database, "PRAGMA quick_check(20)");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    if (query.text(0) != "ok") findings.emplace_back(query.text(0));
  }
}

Result<storage::Database> open_to_read(const fs::path& file) {
  return storage::Database::open(file, storage::Database::Mode::kReadOnly, {});
}

/// An error is a finding like any other; what follows is checked all the same.
void note(const Error& error, const std::string& otherwise, Checked& checked) {
  checked.findings.push_back(error.detail.empty() ? error.code.message() : error.detail);
  checked.fix = otherwise.empty() ? error.fix : otherwise;
}

Checked check_identity(const fs::path& file) {
  Checked out{{}, file.filename().string()};
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    note(Error(Code::kNotFound, "the file " + file.string() + " is gone"),
         "Restore it from a backup. Without it this device begins as a new one:  lanyard up , then "
         "pair it again.",
         out);
  } else if (const auto identity = crypto::Identity::load(file); !identity) {
    note(identity.error(), "", out);
  }
  return out;
}

/// And the names of the spaces that it lists.
Checked check_platform(const fs::path& file, ListedNames& names) {
  Checked out{{}, file.filename().string()};
  const auto look = [&]() -> Status {
    std::error_code ignored;
    if (!fs::exists(file, ignored))
      return fail(Code::kNotFound, "the file " + file.string() + " is gone");
    LANYARD_TRY_SET(storage::Database database, open_to_read(file));
    // As far as they can be read, whatever else is wrong.
    if (auto listed = listed_spaces(database)) names = std::move(*listed);
    LANYARD_TRY(check_pages(database, out.findings));
    return listed_spaces(database) ? Status() : Status(fail(listed_spaces(database).error()));
  };
  if (const Status looked = look(); !looked) note(looked.error(), "", out);
  if (!out.findings.empty())
    out.fix = "Restore it from a backup, with the agent stopped. Or move it away: " +
              std::string(storage::kWithoutPlatform);
  return out;
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
  const crypto::SodiumVerifier verifier;
  LANYARD_TRY_SET(const crypto::Identity identity,
                  crypto::Identity::load(session.paths().identity()));
  const crypto::SpaceKeysFactory ciphers(identity, rng);
  const Scratch scratch;
  int last = -1;
  auto report =
      storage::check_rebuild(file, checked.space, {identity, hasher, ciphers, rng, verifier},
                             scratch.folder(), [&](std::uint64_t done, std::uint64_t of) {
                               const int tenth = of == 0 ? 10 : static_cast<int>(done * 10 / of);
                               if (std::exchange(last, tenth) != tenth)
                                 session.out().progress("rebuilding " + checked.name + "  " +
                                                        std::to_string(tenth * 10) + " %");
                             });
  // What is written is the rebuilt file alone, and it does not lie where the data does.
  if (!report && report.error().is(Code::kDiskFull))
    return fail(Code::kTooLarge,
                "the rebuilt file does not fit into the folder for temporary files, " +
                    fs::temp_directory_path().string(),
                "Free some space there, or set TMPDIR to a folder that has as much room as the "
                "space's file. Nothing is said of the data.");
  LANYARD_TRY_SET(checked.report, std::move(report));
  session.out().end_progress();
  for (const std::string& line : checked.report.differences) checked.findings.push_back(line);
  return {};
}

Checked check_space(const SpaceId& space, const std::string& name, bool with_rebuild,
                    const Session& session) {
  Checked out{space, name};
  const fs::path file = storage::space_file(session.paths().data_dir, space);
  const auto look = [&]() -> Status {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return fail(storage::space_file_gone(file));
    {
      LANYARD_TRY_SET(storage::Database database, open_to_read(file));
      LANYARD_TRY(check_pages(database, out.findings));
    }
    return with_rebuild ? rebuild(file, out, session) : Status();
  };
  std::error_code ignored;
  const bool is_there = fs::exists(file, ignored);
  if (const Status looked = look(); !looked) {
    const bool is_damaged = is_there && looked.error().is(Code::kCorrupt);
    note(looked.error(), is_damaged ? fix_for_space(file) : "", out);
  }
  if (!out.findings.empty() && out.fix.empty()) out.fix = fix_for_space(file);
  return out;
}

std::string summary(const Checked& checked, bool rebuilt) {
  const bool fine = checked.findings.empty();
  if (checked.space == SpaceId{}) return fine ? "the file is whole" : "damaged";
  if (rebuilt && checked.report.changes > 0)
    return "rebuilt from " + plural(checked.report.changes, "change") + ": " +
           (fine ? plural(checked.report.records, "record") + ", the same bytes"
                 : plural(checked.findings.size(), "difference"));
  return fine ? "the file is whole" : plural(checked.findings.size(), "finding");
}

void print(const Checked& checked, bool rebuilt, const Output& out) {
  if (!out.style().json) {
    out.line((checked.findings.empty() ? "ok    " : "FAIL  ") + display_text(checked.name) + "  " +
             summary(checked, rebuilt));
    for (const std::string& finding : checked.findings) out.line("      " + display_text(finding));
    if (!checked.fix.empty()) out.line("      Fix: " + display_text(checked.fix));
    return;
  }
  JsonWriter json;
  json.begin_object();
  if (checked.space != SpaceId{}) json.member("space", to_text(checked.space));
  json.member("name", checked.name);
  json.member("rebuilt", rebuilt).member("changes", checked.report.changes);
  json.member("records", checked.report.records).name("findings").begin_array();
  for (const std::string& finding : checked.findings) json.text(display_text(finding));
  json.end_array().name("fix");
  checked.fix.empty() ? json.null() : json.text(display_text(checked.fix));
  out.json("check/1", json.end_object().str());
}

/// All spaces that are listed or have a file.
ListedNames all_spaces(const fs::path& data_dir, ListedNames names) {
  for (const SpaceId& space : storage::spaces_on_disk(data_dir))
    names.try_emplace(space, to_text(space));
  return names;
}

}  // namespace

Result<int> run(const CheckCommand& command, Session& session) {
  session.attempt("Could not check the stored data");
  LANYARD_TRY(crypto::init());
  const Paths& paths = session.paths();
  const fs::path platform = paths.data_dir / "platform.sqlite";
  std::vector<Checked> files;
  ListedNames listed;
  std::error_code ignored;
  const bool is_used = fs::exists(platform, ignored) || fs::exists(paths.identity(), ignored) ||
                       !storage::spaces_on_disk(paths.data_dir).empty();
  if (is_used) {
    files.push_back(check_identity(paths.identity()));
    files.push_back(check_platform(platform, listed));
  }
  bool fine = true;
  const auto told = [&](const Checked& checked, bool rebuilt) {
    print(checked, rebuilt, session.out());
    fine = fine && checked.findings.empty();
  };
  if (command.space.empty())
    for (const Checked& file : files) told(file, false);
  std::size_t checked = 0;
  for (const auto& [space, name] : all_spaces(paths.data_dir, listed)) {
    if (!command.space.empty() && command.space != name && command.space != to_text(space))
      continue;
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    told(check_space(space, name, command.rebuild, session), command.rebuild);
    ++checked;
  }
  if (!command.space.empty() && checked == 0)
    return fail(Code::kNotFound, "there is no space \"" + command.space + "\" here",
                "See  lanyard space list . A space whose name is not known here has its id.");
  if (checked == 0) session.out().say("There is no space here.");
  return fine ? exit_code::kOk : exit_code::kIntegrity;
}

}  // namespace lanyard::agent
