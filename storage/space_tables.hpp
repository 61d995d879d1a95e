#pragma once

#include <memory>
#include <set>

#include "replication/merge/merger.hpp"
#include "replication/oplog/fork.hpp"
#include "storage/log_rows.hpp"
#include "storage/record_rows.hpp"

namespace lanyard::storage {

/// Admissions `a`, each with the row that proves it: the first one of its change, at most
/// limits::kOpenOpsMax rows before.
inline constexpr const char* kAdmissionsWithProofs =
    "lanyard_admissions a JOIN lanyard_admissions proof ON proof.position = (SELECT min(position) "
    "FROM lanyard_admissions f WHERE f.position BETWEEN a.position - 64 AND a.position AND "
    "f.log = a.log AND f.seq = a.seq)";
static_assert(limits::kOpenOpsMax <= 64);

/// All that one space's file makes of its log: the one path by which changes, ours and others',
/// get into the tables, and by which they are rebuilt. Writes inside the caller's transaction.
/// After an error or a rollback nothing here can be trusted until load().
///
///   take(change)... for the changes of one pack, append(pack), ...; flush()
class SpaceTables {
 public:
  /// What is kept of a log besides what merging needs.
  struct Log {
    DeviceId device;
    Incarnation incarnation;
    std::optional<oplog::Founding> founding;
    Head head;
    Hlc timestamp;
  };
  /// All outlive this. `cipher` gets the keys of grants addressed to `self` as they are met.
  SpaceTables(Database& database, const SpaceId& space, const DeviceId& self, const Hasher& hasher,
              Cipher& cipher, const merge::Merger::Options& merging = {});

  /// Reads what the file holds: small, it grows with devices and not with data.
  [[nodiscard]] Status load();

  /// The next change in the order of application. kForked, kMissingContext and the like if it does
  /// not continue what is held. Its payload must live until flush().
  [[nodiscard]] Result<oplog::Effect> take(const oplog::Change& change);
  /// Stores the pack of the changes that were taken last.
  [[nodiscard]] Status append(ByteView body, std::span<const oplog::Change> changes);
  /// Merges what was taken, and writes down how far each log is held.
  [[nodiscard]] Status flush();
  /// The same in the middle of a pack, if large values wait: small changes may name many of them.
  /// `taken`: the changes of the pack so far.
  [[nodiscard]] Status flush_large(std::span<const oplog::Change> taken);
  /// Keeps a key that a signed grant brought ahead of the log.
  [[nodiscard]] Status keep_grant(const EpochId& epoch, ByteView sealed);

  /// A fork is proven, and this is the branch that is not applied.
  void keep_branch(const LogId& log, const oplog::Branch& branch) {
    space_log_.keep_branch(log, branch);
  }
  /// The same, where the log has not come so far.
  void tell_fork(const oplog::ProvenFork& fork) {
    space_log_.tell_fork(fork.log, {fork.device, fork.first, fork.second});
  }

  [[nodiscard]] const oplog::SpaceLog& space_log() const { return space_log_; }
  [[nodiscard]] const std::vector<Log>& logs() const { return logs_; }
  [[nodiscard]] merge::Merger& merger() { return *merger_; }
  [[nodiscard]] const merge::Merger& merger() const { return *merger_; }
  [[nodiscard]] RecordRows& records() { return records_; }
  [[nodiscard]] LogRows& log_rows() { return log_rows_; }
  /// Sealed keys addressed to this device: those brought ahead, then those of the log, in order.
  [[nodiscard]] const std::vector<std::pair<EpochId, Bytes>>& grants() const { return grants_; }
  /// Epochs whose keys are held, oldest first.
  [[nodiscard]] const std::vector<EpochId>& epochs() const { return epochs_; }

 private:
  [[nodiscard]] Status load_logs();
  [[nodiscard]] Status load_admissions();
  [[nodiscard]] Status load_grants();
  [[nodiscard]] Status load_branches();
  /// Of a fork with these branches the one that is not applied here; nothing where the log is not
  /// held so far.
  [[nodiscard]] Result<std::optional<oplog::Branch>> other_of(const oplog::ProvenFork& fork);
  [[nodiscard]] Status take_open(const oplog::Change& change, merge::LogNumber log);
  [[nodiscard]] Status add_admission(const oplog::Admit& admit, const oplog::Change& change,
                                     merge::LogNumber log, bool is_first);
  void hold(const EpochId& epoch, ByteView sealed);
  [[nodiscard]] Status write_log(merge::LogNumber number);

  Database& database_;
  SpaceId space_;
  DeviceId self_;
  const Hasher& hasher_;
  Cipher& cipher_;
  merge::Merger::Options merging_;
  LogRows log_rows_;
  RecordRows records_;
  oplog::SpaceLog space_log_;
  std::vector<Log> logs_;  // by number
  std::unique_ptr<merge::Merger> merger_;
  /// Logs that went on, and what their changes named.
  std::map<merge::LogNumber, std::set<merge::LogNumber>> moved_;
  std::vector<std::pair<EpochId, Bytes>> grants_;
  std::vector<EpochId> epochs_;
};

}  // namespace lanyard::storage
