#include "agent/cli/output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    if (written >= 0 || errno == EINTR) continue;
    if (errno == EPIPE) _exit(exit_code::kOutputClosed);
    if (descriptor == STDERR_FILENO) return;  // nobody is left to be told
    const Code code = errno == ENOSPC ? Code::kDiskFull : Code::kInputOutput;
    const Problem problem = problem_of(Error(code, std::generic_category().message(errno)));
    write_all(STDERR_FILENO, error_text("Could not write everything to standard output", problem));
    _exit(problem.exit_code);
  }
}

std::string one_decimal(double value, const char* unit) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text;
}

}  // namespace

void Output::print(std::string_view text) const { write_all(STDOUT_FILENO, text); }

void Output::line(std::string_view text) const { print(std::string(text) + "\n"); }

void Output::say(std::string_view text) const {
  if (!style_.quiet && !style_.json) line(text);
}

void Output::json(std::string_view schema, std::string_view object) const {
  std::string out = "{\"schema\":\"lanyard.";
  out += schema;
  out += '"';
  if (object.size() > 2) out += ',';
  out += object.substr(1);
  line(out);
}

void Output::print_table(const std::vector<std::vector<std::string>>& rows) const {
  print(table(rows, style_.columns));
}

void Output::error(std::string_view text) const { write_all(STDERR_FILENO, text); }

void Output::progress(std::string_view text) const {
  if (style_.quiet || style_.json) return;
  if (isatty(STDERR_FILENO) != 0)
    error("\r\x1B[K" + std::string(text));
  else
    error(std::string(text) + "\n");
}

void Output::end_progress() const {
  if (!style_.quiet && !style_.json && isatty(STDERR_FILENO) != 0) error("\r\x1B[K");
}

std::string Output::toned(Tone tone, std::string_view text) const {
  if (!style_.color) return std::string(text);
  const char* code = tone == Tone::kGood      ? "32"
                     : tone == Tone::kWarning ? "33"
                     : tone == Tone::kBad     ? "31"
                     : tone == Tone::kQuiet   ? "2"
                                              : "1";
  return "\x1B[" + std::string(code) + "m" + std::string(text) + "\x1B[0m";
}

std::string count_text(std::uint64_t count) {
  std::string out = std::to_string(count);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  const char* const units[] = {"kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) value /= 1000, ++unit;
  return one_decimal(value, units[unit]);
}

std::string duration_text(std::int64_t milliseconds) {
  const std::int64_t seconds = std::max<std::int64_t>(milliseconds, 0) / 1000;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " m";
  if (seconds < 86400)
    return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " m";
  return std::to_string(seconds / 86400) + " d " + std::to_string(seconds % 86400 / 3600) + " h";
}

std::string age_text(std::int64_t then_ms, std::int64_t now_ms) {
  if (then_ms == 0) return "never";
  const std::int64_t age = now_ms - then_ms;
  if (age < 5'000) return "now";
  const std::string text = duration_text(age);
  // "2 h ago": the greater unit says enough.
  const std::size_t second = text.find(' ', text.find(' ') + 1);
  return text.substr(0, second) + " ago";
}

std::string plural(std::uint64_t count, std::string_view noun) {
  return count_text(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace lanyard::agent
