#pragma once

#include <deque>
#include <map>

#include "agent/service/reader_pool.hpp"
#include "agent/service/service_host.hpp"
#include "agent/sql/sql_processes.hpp"

namespace lanyard::agent {

/// SQL of people and apps, in processes of its own (docs/adr/0042), beside all other readings. Who
/// asks has one statement under way, and the others wait in a queue of its own: whatever an app
/// asks for, another one's turn comes within a statement's time. Belongs to its door's thread.
class SqlService {
 public:
  static constexpr std::chrono::milliseconds kMost{5000};
  /// Statements of one asker that wait.
  static constexpr std::size_t kWaitingMax = 16;
  /// Statements under way: each has a process, and a thread that waits for it.
  static constexpr std::size_t kUnderWayMax = ReaderPool::kThreads;

  /// `hasher` outlives this.
  SqlService(const ServiceHost& host, const Hasher& hasher)
      : host_(host), pool_(host.data_dir, hasher, {}) {}
  SqlService(const SqlService&) = delete;
  SqlService& operator=(const SqlService&) = delete;

  /// `asker`: whoever asks, by any name. kUsage, kTooLarge and the rest as storage::SqlFile has it;
  /// kUnreachable after `most`, whatever the statement was doing; kBusy where too much waits.
  void ask(const SpaceId& space, const std::string& asker, storage::SqlQuestion question,
           std::chrono::milliseconds most, const Done<storage::SqlAnswer>& done);
  /// The space's file is to be let go of.
  void let_go(const SpaceId& space);

 private:
  struct Job {
    std::filesystem::path file;
    storage::SqlQuestion question;
    std::chrono::milliseconds most{0};
    Done<storage::SqlAnswer> done;
  };
  struct Asker {
    std::deque<Job> waiting;
    bool is_under_way = false;
  };
  void start_next();
  void start(const std::string& asker, Job job);
  void ended(const std::string& asker);

  const ServiceHost& host_;
  SqlProcesses processes_;
  ReaderPool pool_;  ///< behind what its threads use
  std::map<std::string, Asker> askers_;
  std::string last_;  ///< whose turn was last
  std::size_t under_way_ = 0;
};

}  // namespace lanyard::agent
