#include "agent/cli/session.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "agent/display_text.hpp"
#include "agent/json_slices.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int /*number*/) { interrupted = 1; }

void set_signals(void (*action)(int)) {
  struct sigaction set {};
  set.sa_handler = action;
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &set, nullptr);
}

Result<std::string> read_to_end(int descriptor, const std::string& name) {
  std::string out;
  std::array<char, 65536> part;
  while (true) {
    const ssize_t got = read(descriptor, part.data(), part.size());
    if (is_interrupted()) return fail(Code::kInterrupted, kAskedFor);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::kNotAllowed, name + " cannot be read");
    if (got == 0) return out;
    out.append(part.data(), static_cast<std::size_t>(got));
    if (out.size() > limits::kControlLineBytesMax)
      return fail(Code::kTooLarge, name + " is larger than 8 MiB");
  }
}

/// The first letter of a line, small; 0 where there is none.
char answer_of_person() {
  std::array<char, 64> answer{};
  const ssize_t got = read(STDIN_FILENO, answer.data(), answer.size());
  if (got <= 0 || answer[0] < 'A' || answer[0] > 'z') return 0;
  return static_cast<char>(answer[0] | 0x20);
}

/// The lines of a question. What a name has in it is no line of its own: whoever puts one in
/// escapes it, and what was forgotten is escaped here.
std::string shown_lines(std::string_view text) {
  std::string out;
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(std::min(end + 1, text.size()))) {
    end = std::min(text.find('\n'), text.size());
    out += (out.empty() ? "" : "\n") + display_text(text.substr(0, end));
  }
  return out;
}

}  // namespace

bool is_on_terminal() { return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0; }

Result<std::string> text_of_file(const std::string& file) {
  if (file == "-") return read_to_end(STDIN_FILENO, "standard input");
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat found {};
  const bool regular = descriptor >= 0 && fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode);
  auto text = regular ? read_to_end(descriptor, file)
                      : Result<std::string>(fail(Code::kNotFound,
                                                 "there is no file " + file + " that can be read"));
  if (descriptor >= 0) close(descriptor);
  return text;
}

bool is_interrupted() { return interrupted != 0; }
void catch_interrupts() { set_signals(on_signal); }
void release_interrupts() { set_signals(SIG_DFL); }

Result<ControlClient> Session::connect() const {
  return ControlClient::connect(paths_.socket(), options_.timeout, is_interrupted);
}

Result<std::string> Session::call(const std::string& method, const std::string& params) const {
  LANYARD_TRY_SET(ControlClient client, connect());
  return client.call(method, params);
}

Result<Config> Session::configuration(const AgentFlags& agent) const {
  ConfigRequest request;
  request.paths = options_.paths;
  request.flags = agent.flags;
  request.environment = environment_;
  request.host_name = host_name();
  return load_config(request);
}

Status Session::confirm(const std::string& question, const std::string& loses, bool yes) const {
  if (yes) return {};
  if (!is_on_terminal()) return fail(Code::kUsage, loses, "If you want that, add --yes.");
  out_.error(shown_lines(loses) + ".\n" + shown_lines(question) + " [y/N] ");
  if (answer_of_person() == 'y') return {};
  return fail(Code::kInterrupted, "you did not say yes; nothing was changed");
}

bool Session::ask(const std::string& question, bool otherwise) const {
  if (!is_on_terminal()) return otherwise;
  out_.error(shown_lines(question) + (otherwise ? " [Y/n] " : " [y/N] "));
  const char answer = answer_of_person();
  return answer == 'y' || (otherwise && answer != 'n');
}

Result<std::string> text_argument(const std::optional<std::string>& argument) {
  if (!argument || *argument == "-") {
    if (isatty(STDIN_FILENO) != 0 && !argument)
      return fail(Code::kUsage, "there is no value", "Give JSON, @file, or - to type it.");
    return read_to_end(STDIN_FILENO, "standard input");
  }
  return argument->starts_with('@') ? text_of_file(argument->substr(1)) : *argument;
}

Result<std::string> json_argument(const std::optional<std::string>& argument) {
  LANYARD_TRY_SET(const std::string text, text_argument(argument));
  const auto value = from_json(without_byte_order_mark(text), limits::kTextDepthMax);
  if (value) return to_json(*value);
  if (value.error().is(Code::kTooLarge))
    return fail(Code::kTooLarge, "the value: " + value.error().detail, "Give a smaller one.");
  return fail(Code::kUsage, "the value is not good JSON: " + value.error().detail,
              "Quote it for the shell: '{\"title\":\"Buy milk\"}'");
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "this-device";
  return std::string(name.data()).substr(0, limits::kNameBytesMax);
}

}  // namespace lanyard::agent
