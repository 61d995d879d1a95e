#pragma once

#include "agent/service/names.hpp"
#include "agent/service/reader_pool.hpp"
#include "agent/service/service_host.hpp"
#include "storage/long_reading.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::agent {

/// Readings that may take seconds, on threads of their own: whoever else uses the door does not
/// wait. Answers come back to the door's thread. Beside its own errors each is kUnreachable where
/// its time is over, and kBusy where too much waits.
class LongReads {
 public:
  /// `hasher` outlives this.
  LongReads(const ServiceHost& host, const Hasher& hasher)
      : host_(host), pool_(host.data_dir, hasher, tells_damage(host)) {}
  LongReads(const LongReads&) = delete;
  LongReads& operator=(const LongReads&) = delete;

  /// What SpaceReader answers to these, each of one moment.
  void page(const SpaceId& space, storage::RecordQuery query,
            const Done<storage::RecordPage>& done);
  void count(const SpaceId& space, storage::RecordQuery query, const Done<std::uint64_t>& done);
  void numbers(const SpaceId& space, const Done<storage::SpaceNumbers>& done);
  void conflicts(const SpaceId& space, const std::optional<storage::RecordOf>& record,
                 std::size_t limit, const Done<std::vector<storage::ReadConflict>>& done);

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
  template <class T>
  void read(std::function<Result<T>(SpaceReads& reads)> ask, const Done<T>& done);
  template <class T>
  [[nodiscard]] ReaderPool::Refused refused(const Done<T>& done) const;

  const ServiceHost& host_;
  ReaderPool pool_;
};

}  // namespace lanyard::agent
