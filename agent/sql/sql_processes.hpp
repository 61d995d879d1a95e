#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "agent/sql/sql_process.hpp"

namespace lanyard::agent {

/// Processes that answer SQL: started when they are asked for, kept for a while, and ended then.
/// From any thread. A thread of its own ends them; it is there as long as one is kept.
class SqlProcesses {
 public:
  /// How long one waits for the next question, with its file open.
  static constexpr std::chrono::seconds kKept{5};
  static constexpr std::size_t kKeptMax = 2;

  SqlProcesses() = default;
  /// Ends those that are kept. Nobody asks any more.
  ~SqlProcesses();
  SqlProcesses(const SqlProcesses&) = delete;
  SqlProcesses& operator=(const SqlProcesses&) = delete;

  /// As SqlProcess has it.
  [[nodiscard]] Result<storage::SqlAnswer> ask(const std::filesystem::path& file,
                                               const storage::SqlQuestion& question,
                                               const storage::Patience& patience);
  /// The file is to be let go of, by whoever is not answering.
  void let_go(const std::filesystem::path& file);

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    std::unique_ptr<SqlProcess> process;
    Clock::time_point until;
  };
  using List = std::list<Kept>;
  /// One that is kept for the file.
  [[nodiscard]] std::unique_ptr<SqlProcess> take(const std::filesystem::path& file);
  void keep(std::unique_ptr<SqlProcess> process);
  void end_by_and_by();

  std::mutex mutex_;
  std::condition_variable wake_;
  List kept_;  ///< under mutex_, as all below; the oldest first
  bool is_over_ = false;
  bool has_ender_ = false;
  std::thread ender_;
};

}  // namespace lanyard::agent
