#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "agent/service/names.hpp"
#include "agent/service/service_host.hpp"
#include "storage/long_reading.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::agent {

/// Readings that may take seconds, one after the other on a thread of their own, which begins with
/// the first of them: whoever else uses the door does not wait. Answers come back to the door's
/// thread.
class LongReads {
 public:
  static constexpr std::chrono::milliseconds kMost{5000};

  explicit LongReads(const ServiceHost& host) : host_(host) {}
  /// Gives up what runs and what waits.
  ~LongReads();
  LongReads(const LongReads&) = delete;
  LongReads& operator=(const LongReads&) = delete;

  /// Errors as ask_sql(); kUnreachable where `most` is over; kBusy where too much waits.
  void sql(const SpaceId& space, storage::SqlQuestion question, std::chrono::milliseconds most,
           const Done<storage::SqlAnswer>& done);
  struct History {
    storage::HistoryPage page;
    std::vector<std::string> devices;  ///< our names for their authors
  };
  void history(const SpaceId& space, storage::HistoryQuestion question, const Done<History>& done);

  /// What the field was before its values parted (storage::read_base); nothing where that is not
  /// found in a second.
  struct Base {
    storage::ConflictBase value;
    std::string device;  ///< our name for its author
  };
  void base(const SpaceId& space, const storage::ReadConflict& conflict,
            const Done<std::optional<Base>>& done);

 private:
  template <class T>
  void add_named(std::function<Result<T>(const DeviceNames& names)> read, const Done<T>& done);
  template <class T>
  void add(std::function<Result<T>()> read, const Done<T>& done);
  void run();

  const ServiceHost& host_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace lanyard::agent
