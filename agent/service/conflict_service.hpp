#pragma once

#include <variant>

#include "agent/service/data_service.hpp"

namespace lanyard::agent {

/// The conflict inbox: fields with more than one value, which nobody has settled yet.
class ConflictService {
 public:
  ConflictService(const ServiceHost& host, DataService& data, SpaceDirectory& directory,
                  SpaceReads& reads)
      : host_(host), data_(data), directory_(directory), reads_(reads) {}

  struct Listed {
    storage::SpaceEntry space;
    storage::ReadConflict conflict;
    std::vector<std::string> devices;  ///< names of the siblings' authors, in their order
  };
  /// Of one space, or of all for an empty name. At most `limit`.
  void list(const std::string& space, std::size_t limit, Done<std::vector<Listed>> done);
  /// By an id, or the beginning of one if only one conflict has it.
  void find(const std::string& id, const Done<Listed>& done);

  struct Choice {
    std::size_t use = 0;  ///< the number of a sibling, from 1; 0: see `value`
    Bytes value;          ///< canonical
    bool merge = false;   ///< siblings that are objects, member by member; the shown one first
  };
  /// An ordinary write that has seen all siblings. Answers the value that stands now, as JSON.
  void resolve(const std::string& id, const Choice& choice, const Done<std::string>& done);

 private:
  const ServiceHost& host_;
  DataService& data_;
  SpaceDirectory& directory_;
  SpaceReads& reads_;
};

/// One value with the members of all siblings: of a name that several have, the first's. kUsage
/// unless all are objects. Pure.
[[nodiscard]] Result<Bytes> merged_value(const std::vector<storage::ReadSibling>& siblings);

}  // namespace lanyard::agent
