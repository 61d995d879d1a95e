#pragma once

#include "replication/merge/local_writer.hpp"
#include "replication/merge/record.hpp"

namespace lanyard::merge {

/// A record under its name.
struct NamedRecord {
  std::string collection;
  std::string key;
  Record record;
};

/// The changes that write what a record of one space shows, and what waits in its inbox, into the
/// record `into` of another space, as by somebody who has read nothing there: what stands there
/// already stays, and what contradicts it becomes its sibling. Nothing is lost, and equal values
/// are not written again. Two single values that are both objects are first put together member by
/// member: if no member contradicts, the whole is one value that has seen the other.
///
/// Not carried: what deletes hide, and the history. Counters are added, so do this once for each
/// record. `into_version`: what a read of `into` gives as its version. Pure.
[[nodiscard]] std::vector<LocalChange> carry_over(const NamedRecord& from, const HashOf& hash_of,
                                                  const Record& into,
                                                  const std::string& into_version);

}  // namespace lanyard::merge
