#pragma once

#include <variant>

#include "agent/service/data_service.hpp"
#include "agent/service/long_reads.hpp"

namespace lanyard::agent {

/// The conflict inbox: fields with more than one value, which nobody has settled yet.
class ConflictService {
 public:
  ConflictService(const ServiceHost& host, DataService& data, SpaceDirectory& directory,
                  SpaceReads& reads, LongReads& long_reads)
      : host_(host), data_(data), directory_(directory), reads_(reads), long_reads_(long_reads) {}

  struct Listed {
    storage::SpaceEntry space;
    storage::ReadConflict conflict;
    std::vector<std::string> devices;     ///< names of the siblings' authors, in their order
    std::optional<LongReads::Base> base;  ///< show() alone looks for it
  };
  struct Inbox {
    std::vector<Listed> conflicts;
    bool has_more = false;  ///< than were asked for
  };
  /// Of one space, or of all for an empty name. At most `limit`.
  void list(const std::string& space, std::size_t limit, Done<Inbox> done);
  /// Those of one record of a space.
  void list_of(const std::string& space, const storage::RecordOf& record, Done<Inbox> done);
  /// By an id, or the beginning of one if only one conflict has it; in one space, or in all for an
  /// empty name.
  void find(const std::string& space, const std::string& id, const Done<Listed>& done);
  /// The same, with what the field was before its values parted.
  void show(const std::string& space, const std::string& id, const Done<Listed>& done);

  /// Which value is to stand. Exactly one of them is said.
  struct Choice {
    enum class Side : std::uint8_t { kNone, kLocal, kRemote };
    std::size_t use = 0;         ///< the number of a sibling, from 1
    std::optional<Bytes> value;  ///< canonical
    bool merge = false;       ///< siblings that are objects, member by member; the shown one first
    Side side = Side::kNone;  ///< the one that was written here, or the first that was not
  };
  struct Resolved {
    std::string id;
    std::string json;  ///< the value that stands now
  };
  /// Ordinary writes that have seen all siblings. `ids`, as find() takes them, are one transaction:
  /// all are resolved or none. No ids: all conflicts of the space that there are at the beginning,
  /// as transactions of at most limits::kBulkChangeOps, between which others write; nothing is
  /// written where one of them cannot be resolved so, and an error says how many were resolved.
  void resolve(const std::string& space, std::vector<std::string> ids, const Choice& choice,
               const Done<std::vector<Resolved>>& done);

  struct Undone {
    SpaceId space;
    storage::ReadResolution resolution;
  };
  /// Takes the last resolution back that was made of this conflict on this device: all values that
  /// were visible before are again, beside what was written since. By an id or the beginning of
  /// one; in one space, or in all for an empty name. kNotFound where nothing was resolved within 90
  /// days, or it was undone.
  void undo(const std::string& space, const std::string& id, const Done<Undone>& done);

 private:
  void list_where(const std::string& space, std::optional<storage::RecordOf> record,
                  std::size_t limit, Done<Inbox> done);
  void write_back(const Undone& undone, const Done<Undone>& done);

  const ServiceHost& host_;
  DataService& data_;
  SpaceDirectory& directory_;
  SpaceReads& reads_;
  LongReads& long_reads_;
};

/// One value with the members of all siblings: of a name that several have, the first's. kUsage
/// unless all are objects. Pure.
[[nodiscard]] Result<Bytes> merged_value(const std::vector<storage::ReadSibling>& siblings);

}  // namespace lanyard::agent
