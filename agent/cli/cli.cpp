#include "agent/cli/cli.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "agent/cli/session.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "agent/lookup/lookup_child.hpp"
#include "agent/sql/sql_child.hpp"
#include "discovery/discovery.hpp"

namespace lanyard::agent {
namespace {

/// 0 where the terminal does not say.
std::size_t terminal_columns() {
  struct winsize size {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Output output_for(const GlobalOptions& options, const Environment& environment) {
  Output::Style style;
  style.json = options.json;
  style.quiet = options.quiet;
  style.terminal = isatty(STDOUT_FILENO) != 0;
  const auto no_color = environment.find("NO_COLOR");
  const auto term = environment.find("TERM");
  style.color = style.terminal && !options.json && !options.no_color &&
                (no_color == environment.end() || no_color->second.empty()) &&
                (term == environment.end() || term->second != "dumb");
  if (style.terminal) style.columns = terminal_columns();
  return Output(style);
}

int report(const Error& error, const std::string& attempted, const Output& out) {
  const Problem problem = problem_of(error);
  out.end_progress();
  // Who pressed Ctrl-C need not be told; what was half done says so in its own words.
  if (error.is(Code::kInterrupted) && error.detail == kAskedFor) return problem.exit_code;
  if (!out.style().json) {
    out.error(error_text(attempted, problem));
    return problem.exit_code;
  }
  JsonWriter json;
  json.begin_object().member("schema", "lanyard.error/1").member("code", problem.id);
  json.member("title", attempted.empty() ? problem.title : attempted).member("why", problem.why);
  json.member("fix", problem.fix).member("exit", problem.exit_code).end_object();
  out.error(json.take() + "\n");
  return problem.exit_code;
}

/// A closed standard stream would else become the number of whatever is opened next.
void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (fcntl(stream, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));
}

int run_invocation(const Invocation& invocation) {
  const Environment environment = process_environment();
  const Output out = output_for(invocation.global, environment);
  auto paths = find_paths(invocation.global.paths, environment);
  if (!paths) return report(paths.error(), "", out);
  Session session(invocation.global, std::move(*paths), environment, out);
  const Result<int> code = std::visit(
      [&](const auto& command) -> Result<int> {
        // A library that throws has met something that we did not foresee.
        try {
          return run(command, session);
        } catch (const std::exception& error) {
          return fail(Code::kProtocol, error.what(), "Please report this.");
        }
      },
      invocation.command);
  return code ? *code : report(code.error(), session.attempted(), out);
}

}  // namespace

int run_cli(int argc, char** argv) {
  if (const auto child = discovery::discovery_child(argc, argv))
    return discovery::run_discovery_child(*child);
  if (is_sql_child(argc, argv)) return run_sql_child();
  if (is_lookup_child(argc, argv)) return run_lookup_child();
  open_standard_streams();
  // What a closed pipe means is decided where we write.
  std::signal(SIGPIPE, SIG_IGN);
  catch_interrupts();
  const auto read = read_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
  if (const auto* invocation = std::get_if<Invocation>(&read)) return run_invocation(*invocation);
  const auto& instead = std::get<NoCommand>(read);
  const Output out{Output::Style{}};
  instead.is_error ? out.error(instead.text) : out.print(instead.text);
  return instead.is_error ? exit_code::kUsage : exit_code::kOk;
}

}  // namespace lanyard::agent
