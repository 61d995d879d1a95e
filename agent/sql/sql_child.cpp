#include "agent/sql/sql_child.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string_view>

#include "agent/sql/sql_message.hpp"
#include "confinement/call_filter.hpp"
#include "confinement/file_rules.hpp"
#include "confinement/own_process.hpp"
#include "confinement/privacy.hpp"
#include "storage/sqlite_unaided.hpp"

namespace lanyard::agent {
namespace {

/// Beside what the program itself takes: a row of kSqlRowBytesMax as SQLite has it, as JSON and on
/// its way, and what a statement works with.
constexpr rlim_t kSqlMemoryMax = rlim_t{256} << 20;
/// Of all its answers. The agent replaces a process before it comes near.
constexpr rlim_t kSqlProcessorMax = 30;
/// The agent ends a process that nobody asks sooner; this is for an agent that forgot it.
constexpr int kForgottenMs = 60'000;
/// Behind what else this machine does.
constexpr int kNiceness = 10;

/// Our end of the pipe. It waits for the other end as long as it takes.
class SqlPipe {
 public:
  bool send(const FromSqlProcess& message) {
    const Bytes bytes = encode(message);
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size = ::send(confinement::kOwnProcessPipe, bytes.data() + sent,
                                  bytes.size() - sent, MSG_NOSIGNAL);
      if (size <= 0 && errno != EINTR) return false;
      if (size > 0) sent += static_cast<std::size_t>(size);
    }
    return true;
  }

  /// Nothing at the end of the pipe, and of what cannot be understood.
  std::optional<ToSqlProcess> receive() {
    Bytes length(4);
    if (!fill(length)) return std::nullopt;
    std::size_t size = 0;
    for (const std::uint8_t byte : length) size = size << 8 | byte;
    if (size > kToSqlProcessBytesMax) return std::nullopt;
    Bytes body(size);
    if (!fill(body)) return std::nullopt;
    auto message = decode_to_sql_process(body);
    return message ? std::optional(std::move(*message)) : std::nullopt;
  }

 private:
  static bool fill(Bytes& bytes) {
    std::size_t got = 0;
    while (got < bytes.size()) {
      pollfd wait{confinement::kOwnProcessPipe, POLLIN, 0};
      if (::poll(&wait, 1, kForgottenMs) == 0) return false;
      const ssize_t size =
          ::recv(confinement::kOwnProcessPipe, bytes.data() + got, bytes.size() - got, 0);
      if (size == 0 || (size < 0 && errno != EINTR)) return false;
      if (size > 0) got += static_cast<std::size_t>(size);
    }
    return true;
  }
};

/// What the program has mapped by now, in bytes.
rlim_t mapped_now() {
  std::ifstream in("/proc/self/statm");
  rlim_t pages = 0;
  in >> pages;
  return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

void limit(int resource, rlim_t most) {
  const rlimit both{most, most};
  static_cast<void>(::setrlimit(static_cast<__rlimit_resource>(resource), &both));
}

/// Whoever takes this process over by a statement finds one file open to be read, and no way to any
/// other, to the network or to another process. What the system refuses is left out: the agent says
/// so of itself, on the same system.
void give_up_all_else() {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, storage::kTemporaryBytesMax);
  limit(RLIMIT_CPU, kSqlProcessorMax);
  if (confinement::is_confinable_build()) limit(RLIMIT_AS, mapped_now() + kSqlMemoryMax);
  static_cast<void>(confinement::forbid_files());
  static_cast<void>(confinement::allow_only(confinement::CallSet::kSql));
}

SqlFailure failure_of(const Error& error) {
  const bool is_ours = error.code.category() == lanyard_category();
  return {is_ours ? static_cast<Code>(error.code.value()) : Code::kInputOutput, error.detail,
          error.fix};
}

bool answer(storage::SqlFile& file, const SqlAsk& ask, SqlPipe& pipe) {
  bool is_open = true;
  storage::SqlSink sink;
  sink.begin = [&](const auto& columns, const auto& notes) {
    return is_open = pipe.send(SqlHead{columns, notes});
  };
  sink.row = [&](const std::string& row) { return is_open = pipe.send(SqlRow{row}); };
  try {
    const auto is_all = file.ask(ask.question, ask.most, sink);
    if (!is_open) return false;
    return pipe.send(is_all ? FromSqlProcess(SqlEnd{*is_all})
                            : FromSqlProcess(failure_of(is_all.error())));
  } catch (const std::bad_alloc&) {
    return is_open && pipe.send(SqlFailure{Code::kTooLarge,
                                           "the statement needs more memory than one may have",
                                           "Ask for less at a time."});
  }
}

}  // namespace

bool is_sql_child(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == kSqlChildVerb;
}

int run_sql_child() {
  if (!confinement::has_own_process_pipe()) return EXIT_FAILURE;
  // Dies with the agent, also while it works.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  static_cast<void>(confinement::keep_private());
  // Ctrl-C in a terminal is meant for the agent.
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNiceness));
  SqlPipe pipe;
  const auto first = pipe.receive();
  if (!first || !std::holds_alternative<SqlOpen>(*first)) return EXIT_FAILURE;
  auto file = storage::SqlFile::open(std::get<SqlOpen>(*first).path);
  if (!file) return pipe.send(failure_of(file.error())) ? EXIT_SUCCESS : EXIT_FAILURE;
  storage::stand_alone();
  give_up_all_else();
  if (!pipe.send(SqlOpened{})) return EXIT_SUCCESS;
  while (const auto message = pipe.receive()) {
    const auto* const ask = std::get_if<SqlAsk>(&*message);
    if (ask == nullptr || !answer(*file, *ask, pipe)) break;
  }
  return EXIT_SUCCESS;
}

}  // namespace lanyard::agent
