#pragma once

#include <map>
#include <optional>

#include "agent/service/long_reads.hpp"
#include "agent/service/space_directory.hpp"
#include "agent/service/space_reads.hpp"
#include "storage/space_reader.hpp"

namespace lanyard::agent {

struct SpaceInfo {
  storage::SpaceEntry space;
  std::vector<std::pair<DeviceId, std::string>> members;  ///< with our names for them
  storage::SpaceNumbers numbers;
  std::optional<Hash> state_hash;
  struct Ineffective {
    std::string author;  ///< our name for it
    storage::WithoutEffect what;
  };
  std::vector<Ineffective> without_effect;
  std::filesystem::path file;
};

/// Which spaces there are, and who is in them.
class SpaceService {
 public:
  SpaceService(const ServiceHost& host, SpaceDirectory& directory, SpaceReads& reads,
               LongReads& long_reads)
      : host_(host), directory_(directory), reads_(reads), long_reads_(long_reads) {}

  /// Those that were left last.
  void list(Done<std::vector<storage::SpaceEntry>> done);
  /// kExists, kUsage. `maker`: the token with which it is made, which may read and write it from
  /// then on; nothing: a person, or one that may in all spaces.
  void create(const std::string& name, const std::optional<storage::TokenId>& maker,
              Done<storage::SpaceEntry> done);
  struct Shared {
    storage::SpaceEntry space;
    storage::KnownDevice device;
    bool was_member = false;
    bool is_back = false;  ///< it was left here, and is not any more
  };
  /// Admits a known device: it gets every key and all data. One that is a member already, and may
  /// have left the space, is told that it is shared again; one that was left here is here again.
  void share(const std::string& space, const std::string& device, Done<Shared> done);
  /// Another name, another way of syncing, put away or brought back. Errors as
  /// Vault::change_space.
  void change(const std::string& space, const storage::SpaceWish& wish,
              Done<storage::SpaceEntry> done);
  /// Nothing is asked for or served any more. Errors as Vault::leave_space.
  void leave(const std::string& space, storage::LeftCopy copy, Done<storage::SpaceEntry> done);
  struct AcceptedLoss {
    storage::SpaceEntry space;
    std::uint64_t changes = 0;
  };
  /// Changes that this device wrote and no device has are not told of any more. kNotFound where
  /// none are missing.
  void accept_loss(const std::string& space, Done<AcceptedLoss> done);
  /// `with_hash` reads everything: half a second for 100,000 records, in which no other merge goes
  /// on.
  void info(const std::string& space, bool with_hash, Done<SpaceInfo> done);
  /// Which changes are here, log by log: cheap, however much the space holds.
  void clock(const std::string& space, Done<VectorClock> done);

 private:
  void read_numbers(SpaceInfo info, const Done<SpaceInfo>& done);

  const ServiceHost& host_;
  SpaceDirectory& directory_;
  SpaceReads& reads_;
  LongReads& long_reads_;
};

}  // namespace lanyard::agent
