#include <unistd.h>

#include "agent/cli/json_read.hpp"
#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/import/export_file.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// Batches on their way at once: while one is committed, the next is read and the one after parsed.
constexpr std::size_t kInFlightMax = 4;

struct Totals {
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t same = 0;
};

/// Tells how far a reading is: one line on a terminal, else one per 10 %.
class Percent {
 public:
  Percent(std::string what, std::uint64_t of, const Output& out)
      : what_(std::move(what)), of_(of), out_(out) {}

  Status at(std::uint64_t done) {
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    const int now = of_ == 0 ? 100 : static_cast<int>(done * 100 / of_);
    const int step = isatty_ ? 1 : 10;
    if (now / step == last_ / step && last_ >= 0) return {};
    last_ = now;
    out_.progress(what_ + "  " + std::to_string(now) + " %");
    return {};
  }

 private:
  std::string what_;
  std::uint64_t of_;
  const Output& out_;
  int last_ = -1;
  bool isatty_ = ::isatty(2) != 0;
};

/// Sends records to the agent in transactions of bounded size, several on their way at once.
class Sender {
 public:
  Sender(ControlClient client, std::string space, bool dry_run)
      : client_(std::move(client)), space_(std::move(space)), dry_run_(dry_run) {}

  Status add(const ImportRecord& record) {
    if (count_ > 0 && (count_ >= limits::kBulkChangeOps ||
                       bytes_ + record.json.size() > limits::kBulkChangeBytes))
      LANYARD_TRY(flush());
    if (count_++ == 0) begin();
    batch_.begin_object().member("collection", record.collection).member("key", record.key);
    batch_.name("value").raw(record.json).end_object();
    bytes_ += record.json.size();
    return {};
  }

  Status finish() {
    LANYARD_TRY(flush());
    while (in_flight_ > 0) LANYARD_TRY(receive());
    return {};
  }

  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  void begin() {
    batch_ = JsonWriter();
    batch_.begin_object().member("space", space_).member("dryRun", dry_run_);
    batch_.name("records").begin_array();
  }

  Status flush() {
    if (count_ == 0) return {};
    batch_.end_array().end_object();
    while (in_flight_ >= kInFlightMax) LANYARD_TRY(receive());
    LANYARD_TRY_SET(const std::int64_t id, client_.send("import.write", batch_.str()));
    static_cast<void>(id);
    ++in_flight_;
    count_ = bytes_ = 0;
    return {};
  }

  Status receive() {
    LANYARD_TRY_SET(const AnswerLine line, client_.receive());
    LANYARD_TRY_SET(const Json answer, read_json(line.json));
    --in_flight_;
    totals_.added += answer.value("added", std::uint64_t{0});
    totals_.changed += answer.value("changed", std::uint64_t{0});
    totals_.same += answer.value("same", std::uint64_t{0});
    return {};
  }

  ControlClient client_;
  std::string space_;
  bool dry_run_;
  JsonWriter batch_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::size_t in_flight_ = 0;
  Totals totals_;
};

/// The space exists.
Status find_space(const ImportCommand& command, const Session& session) {
  JsonWriter params;
  params.begin_object().member("space", command.space).member("hash", false).end_object();
  LANYARD_TRY(session.call("space.info", params.str()));
  return {};
}

std::string summary(const ImportCounts& counts) {
  return plural(counts.chats, "chat") + ", " + plural(counts.messages, "message") + ", " +
         plural(counts.settings, "setting") + ", " + plural(counts.notes, "note");
}

void print_outcome(const ImportCommand& command, const ImportCounts& counts, const Totals& totals,
                   const Output& out) {
  JsonWriter json;
  json.begin_object().member("version", counts.version).member("chats", counts.chats);
  json.member("messages", counts.messages).member("settings", counts.settings);
  json.member("notes", counts.notes).name("ignored").begin_array();
  for (const std::string& name : counts.ignored) json.text(name);
  json.end_array().member("added", totals.added).member("changed", totals.changed);
  json.member("same", totals.same).member("dryRun", command.dry_run).end_object();
  if (out.style().json) return out.json("import/1", json.str());
  out.say(std::string(command.dry_run ? "ok  It would be: " : "ok  ") + count_text(totals.added) +
          " added, " + count_text(totals.changed) + " changed, " + count_text(totals.same) +
          " the same  (" + summary(counts) + ")");
  std::string ignored;
  for (const std::string& name : counts.ignored) ignored += (ignored.empty() ? "" : ", ") + name;
  if (!ignored.empty()) out.say("Left out, as nothing here reads it: " + ignored);
}

}  // namespace

Result<int> run(const ImportCommand& command, Session& session) {
  session.attempt("Could not import " + command.file);
  LANYARD_TRY_SET(ExportFile file, ExportFile::open(command.file));
  const Output& out = session.out();
  Percent checking("checking", file.bytes(), out);
  LANYARD_TRY_SET(const ImportCounts counts,
                  file.check([&](std::uint64_t done) { return checking.at(done); }));
  out.end_progress();
  out.say("The file is good: " + summary(counts) + ".");
  LANYARD_TRY(find_space(command, session));
  LANYARD_TRY_SET(ControlClient client, session.connect());
  Sender sender(std::move(client), command.space, command.dry_run);
  Percent writing(command.dry_run ? "comparing" : "importing", file.bytes(), out);
  auto read = file.read([&](const ImportRecord& record) { return sender.add(record); },
                        [&](std::uint64_t done) { return writing.at(done); });
  Status finished = read ? sender.finish() : Status(fail(read.error()));
  out.end_progress();
  if (!finished) {
    const Totals& totals = sender.totals();
    const std::uint64_t written = totals.added + totals.changed;
    Error error = finished.error();
    error.detail += "; at least " + plural(written, "record") + " of " +
                    count_text(counts.records()) + " had been written, each of them whole";
    error.fix += (error.fix.empty() ? "" : " ") + std::string(
                                                      "Then import the same file again: "
                                                      "only what is missing is written.");
    return fail(error);
  }
  print_outcome(command, counts, sender.totals(), out);
  return exit_code::kOk;
}

}  // namespace lanyard::agent
