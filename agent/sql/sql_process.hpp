#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "agent/sql/sql_message.hpp"
#include "storage/patience.hpp"

namespace lanyard::agent {

/// The agent's end of one process that answers SQL (sql_child.hpp). Blocks its caller, who has a
/// thread for it. What does not answer in time is killed. For one thread at a time.
class SqlProcess {
 public:
  /// Starts one for the file, and waits until that is open. As SpaceReader::open(); kBusy where no
  /// process can be had; kUnreachable where it takes too long; kInterrupted when given up.
  [[nodiscard]] static Result<std::unique_ptr<SqlProcess>> start(
      const std::filesystem::path& file, const std::atomic<bool>& is_given_up);
  /// Ends it at once, and waits for that.
  ~SqlProcess();
  SqlProcess(const SqlProcess&) = delete;
  SqlProcess& operator=(const SqlProcess&) = delete;

  /// As SqlFile::ask(): kInterrupted at the end of the patience; kNotRunning: the process is gone.
  [[nodiscard]] Result<storage::SqlAnswer> ask(const storage::SqlQuestion& question,
                                               const storage::Patience& patience);
  /// Whether it may be asked again: it is there, has not worked for long in all, and the file that
  /// it has open is the one that has this name.
  [[nodiscard]] bool is_good() const;
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  using Clock = std::chrono::steady_clock;
  SqlProcess(pid_t process, int pipe, std::filesystem::path file)
      : process_(process), pipe_(pipe), file_(std::move(file)) {}

  [[nodiscard]] Status open(const std::atomic<bool>& is_given_up);
  [[nodiscard]] Result<storage::SqlAnswer> hear(const storage::SqlQuestion& question,
                                                Clock::time_point until,
                                                const std::atomic<bool>& is_given_up);
  [[nodiscard]] Status say(const ToSqlProcess& message, Clock::time_point until,
                           const std::atomic<bool>& is_given_up);
  [[nodiscard]] Result<FromSqlProcess> next(Clock::time_point until,
                                            const std::atomic<bool>& is_given_up);
  /// Waits for the pipe to be ready for `events`.
  [[nodiscard]] Status wait(short events, Clock::time_point until,
                            const std::atomic<bool>& is_given_up) const;
  [[nodiscard]] Status fill(Bytes& bytes, Clock::time_point until,
                            const std::atomic<bool>& is_given_up) const;

  pid_t process_;
  int pipe_;
  std::filesystem::path file_;
  std::pair<std::uint64_t, std::uint64_t> place_;  ///< device and inode of the file
  std::chrono::milliseconds worked_{0};
  bool is_over_ = false;  ///< nothing more is to be had from it
};

}  // namespace lanyard::agent
