#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <fstream>

#include "agent/cli/service_unit.hpp"
#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

constexpr int kLogLookEveryMs = 500;
constexpr std::size_t kLinesMax = 100'000;

void print_line(const std::string& line, const Output& out) {
  if (!out.style().json) return out.line(display_text(line));
  out.json("log/1",
           JsonWriter().begin_object().member("line", display_text(line)).end_object().str());
}

/// Whole lines from where the file stands; half a line waits.
void print_new(std::ifstream& in, std::string& half, const Output& out) {
  in.clear();
  std::string line;
  while (std::getline(in, line)) {
    half += line;
    if (in.eof()) return;
    print_line(half, out);
    half.clear();
  }
}

Result<int> print_file(const LogCommand& command, const std::filesystem::path& file,
                       const Output& out) {
  std::ifstream in(file);
  if (!in)
    return fail(Code::kNotFound, "there is no log at " + file.string(),
                "An agent that runs in a terminal logs there; others once they were started.");
  std::deque<std::string> last;
  std::string line;
  const std::size_t lines = std::min(command.lines, kLinesMax);
  while (std::getline(in, line)) {
    last.push_back(line);
    if (last.size() > lines) last.pop_front();
  }
  for (const std::string& one : last) print_line(one, out);
  std::string half;
  while (command.follow && !is_interrupted()) {
    print_new(in, half, out);
    poll(nullptr, 0, kLogLookEveryMs);
    // The log was begun anew: it is read from its start.
    struct stat now {};
    if (stat(file.c_str(), &now) == 0 && in.tellg() > now.st_size) in = std::ifstream(file);
  }
  return command.follow ? exit_code::kInterrupted : exit_code::kOk;
}

}  // namespace

Result<int> run(const LogCommand& command, Session& session) {
  session.attempt("Could not show the log");
  const ServiceUnit unit(session);
  if (!unit.is_installed()) return print_file(command, session.paths().log(), session.out());
  const std::string lines = std::to_string(command.lines);
  const char* const follow = command.follow ? "--follow" : "--no-pager";
  execlp("journalctl", "journalctl", "--user", "--unit", unit.name().c_str(), "--lines",
         lines.c_str(), follow, nullptr);
  return fail(Code::kNotFound, "journalctl could not be started");
}

}  // namespace lanyard::agent
