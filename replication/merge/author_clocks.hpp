#pragma once

#include <map>

#include "replication/merge/log_table.hpp"
#include "replication/merge/merger.hpp"
#include "replication/oplog/space_log.hpp"

/// What the authors of a space's changes hold, as their changes show. No acknowledgement says it:
/// an author had its change on its disk before it sent it, and, in the same file and synced by the
/// same commit, all that the change names in its context.
namespace lanyard::merge {

/// Per device, what it holds durably by its own changes. The hashes of heads that a context names
/// are left out: such a clock is good for counting alone.
using AuthorClocks = std::map<DeviceId, VectorClock>;

/// Adds what one log shows: `context` is its author's clock in its last change, `head`.
void add_log(AuthorClocks& clocks, const DeviceId& author, LogNumber log, const Head& head,
             const Context& context, const LogTable& logs);

/// Of all logs that are held. Pure.
[[nodiscard]] AuthorClocks author_clocks(const oplog::SpaceLog& log, const Merger& merger);

}  // namespace lanyard::merge
