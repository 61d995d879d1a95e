#pragma once

#include "agent/service/data_service.hpp"

namespace lanyard::agent {

/// Takes records from elsewhere in: what is stored already is not written again.
class ImportService {
 public:
  ImportService(DataService& data, SpaceDirectory& directory, SpaceReads& reads)
      : data_(data), directory_(directory), reads_(reads) {}

  /// A whole record from outside, its members canonical and sorted by name.
  struct Incoming {
    std::string collection;
    std::string key;
    NamedValues fields;
  };
  struct Outcome {
    std::uint64_t added = 0;
    std::uint64_t changed = 0;
    std::uint64_t same = 0;
  };
  /// Merges the records into what is stored, as one transaction: fields that differ are written,
  /// fields that the record does not name stay. Nothing is written where nothing differs.
  /// `dry_run` only counts.
  void merge(const std::string& space, std::vector<Incoming> records, bool dry_run,
             const Done<Outcome>& done);

 private:
  DataService& data_;
  SpaceDirectory& directory_;
  SpaceReads& reads_;
};

/// The fields of `incoming` that are not in a record's JSON with the same value. Pure.
[[nodiscard]] Result<NamedValues> differing_fields(const std::string& stored_json,
                                                   const NamedValues& incoming);

}  // namespace lanyard::agent
