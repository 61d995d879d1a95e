#include "replication/merge/author_clocks.hpp"

namespace lanyard::merge {

void add_log(AuthorClocks& clocks, const DeviceId& author, LogNumber log, const Head& head,
             const Context& context, const LogTable& logs) {
  VectorClock shown{{logs.id_of(log), head}};
  for (const auto& [other, seq] : context.entries())
    if (other != log) shown[logs.id_of(other)] = {{seq}, {}};
  raise(clocks[author], shown);
}

AuthorClocks author_clocks(const oplog::SpaceLog& log, const Merger& merger) {
  AuthorClocks clocks;
  for (const auto& [id, held] : log.logs) {
    if (const auto number = merger.logs().find(id))
      add_log(clocks, held.device, *number, held.head, merger.log(*number).context, merger.logs());
  }
  return clocks;
}

}  // namespace lanyard::merge
