#include "agent/sql/sql_process.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "agent/sql/sql_child.hpp"
#include "confinement/own_process.hpp"
#include "replication/types/limits.hpp"
#include "storage/file_swap.hpp"

namespace lanyard::agent {
namespace {

using std::chrono::milliseconds;

/// Until the process is there and has the file open.
constexpr milliseconds kOpenMost{10'000};
/// Where SQLite looks at the clock, it says itself that the time is over.
constexpr milliseconds kBeyond{250};
/// How soon whoever stops the agent is noticed.
constexpr milliseconds kLookEvery{20};
/// One that has worked for so long is replaced, before the system ends it (kSqlProcessorMax).
constexpr milliseconds kWorkedMost{20'000};

std::pair<std::uint64_t, std::uint64_t> place_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

tl::unexpected<Error> ended() {
  return fail(Code::kNotRunning, "the process that answers SQL ended");
}

tl::unexpected<Error> not_understood() {
  return fail(Code::kProtocol, "the process that answers SQL said what cannot be understood",
              "Please report this.");
}

}  // namespace

Result<std::unique_ptr<SqlProcess>> SqlProcess::start(const std::filesystem::path& file,
                                                      const std::atomic<bool>& is_given_up) {
  LANYARD_TRY_SET(const auto started, confinement::start_own_process({kSqlChildVerb}));
  std::unique_ptr<SqlProcess> out(new SqlProcess(started.process, started.pipe, file));
  // No other file takes the place of this one between its being opened and its being known.
  const auto no_swap = storage::hold_off_swaps();
  LANYARD_TRY(out->open(is_given_up));
  return out;
}

Status SqlProcess::open(const std::atomic<bool>& is_given_up) {
  const auto until = Clock::now() + kOpenMost;
  place_ = place_of(file_);
  LANYARD_TRY(say(SqlOpen{file_.string()}, until, is_given_up));
  auto opened = next(until, is_given_up);
  if (!opened && opened.error().is(Code::kInterrupted) && !is_given_up)
    return fail(Code::kUnreachable, "the process that answers SQL does not begin to",
                "Try again; the machine may be busy.");
  if (!opened) return fail(opened.error());
  if (const auto* failure = std::get_if<SqlFailure>(&*opened))
    return fail(Error(failure->code, failure->detail, failure->fix));
  return std::holds_alternative<SqlOpened>(*opened) ? Status() : Status(not_understood());
}

SqlProcess::~SqlProcess() {
  ::kill(process_, SIGKILL);
  ::close(pipe_);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool SqlProcess::is_good() const {
  if (is_over_ || worked_ > kWorkedMost || place_of(file_) != place_) return false;
  pollfd look{pipe_, POLLIN, 0};
  return ::poll(&look, 1, 0) == 0;  // it says nothing unasked, but for its end
}

Result<storage::SqlAnswer> SqlProcess::ask(const storage::SqlQuestion& question,
                                           const storage::Patience& patience) {
  const auto began = Clock::now();
  const auto until = began + patience.most + kBeyond;
  is_over_ = true;  // until it is known that it went well
  LANYARD_TRY(say(SqlAsk{question, patience.most}, until, patience.is_given_up));
  auto answer = hear(question, until, patience.is_given_up);
  worked_ += std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  return answer;
}

Result<storage::SqlAnswer> SqlProcess::hear(const storage::SqlQuestion& question,
                                            Clock::time_point until,
                                            const std::atomic<bool>& is_given_up) {
  storage::SqlAnswer out;
  bool is_begun = false;
  std::size_t bytes = 0;
  while (true) {
    LANYARD_TRY_SET(FromSqlProcess message, next(until, is_given_up));
    if (auto* const head = std::get_if<SqlHead>(&message); head && !is_begun) {
      is_begun = true;
      out.columns = std::move(head->columns);
      out.notes = std::move(head->notes);
    } else if (auto* const row = std::get_if<SqlRow>(&message); row && is_begun) {
      const bool is_beyond = out.rows.size() >= question.rows_max || bytes > limits::kPageBytes;
      if (is_beyond || !is_sql_row(row->json, out.columns.size())) return not_understood();
      bytes += row->json.size();
      out.rows.push_back(std::move(row->json));
    } else if (const auto* const end = std::get_if<SqlEnd>(&message); end && is_begun) {
      is_over_ = false;
      out.is_all = end->is_all;
      return out;
    } else if (const auto* const failure = std::get_if<SqlFailure>(&message)) {
      is_over_ = false;
      return fail(Error(failure->code, failure->detail, failure->fix));
    } else {
      return not_understood();
    }
  }
}

// ---- the pipe

Status SqlProcess::wait(short events, Clock::time_point until,
                        const std::atomic<bool>& is_given_up) const {
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    if (is_given_up || left.count() <= 0)
      return fail(Code::kInterrupted, "the process that answers SQL was ended");
    pollfd ready{pipe_, events, 0};
    const int found = ::poll(&ready, 1, static_cast<int>(std::min(left, kLookEvery).count()) + 1);
    if (found > 0) return {};
    if (found < 0 && errno != EINTR) return ended();
  }
}

Status SqlProcess::say(const ToSqlProcess& message, Clock::time_point until,
                       const std::atomic<bool>& is_given_up) {
  const Bytes bytes = encode(message);
  if (bytes.size() > kToSqlProcessBytesMax)
    return fail(Code::kTooLarge, "the statement and its values have more than 16 MiB");
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    LANYARD_TRY(wait(POLLOUT, until, is_given_up));
    const ssize_t size =
        ::send(pipe_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) sent += static_cast<std::size_t>(size);
    if (size < 0 && errno != EAGAIN && errno != EINTR) return ended();
  }
  return {};
}

Status SqlProcess::fill(Bytes& bytes, Clock::time_point until,
                        const std::atomic<bool>& is_given_up) const {
  std::size_t got = 0;
  while (got < bytes.size()) {
    LANYARD_TRY(wait(POLLIN, until, is_given_up));
    const ssize_t size = ::recv(pipe_, bytes.data() + got, bytes.size() - got, MSG_DONTWAIT);
    if (size > 0) got += static_cast<std::size_t>(size);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return ended();
  }
  return {};
}

Result<FromSqlProcess> SqlProcess::next(Clock::time_point until,
                                        const std::atomic<bool>& is_given_up) {
  Bytes length(4);
  LANYARD_TRY(fill(length, until, is_given_up));
  std::size_t size = 0;
  for (const std::uint8_t byte : length) size = size << 8 | byte;
  if (size > kFromSqlProcessBytesMax) return not_understood();
  Bytes body(size);
  LANYARD_TRY(fill(body, until, is_given_up));
  auto message = decode_from_sql_process(body);
  return message ? message : not_understood();
}

}  // namespace lanyard::agent
