#include "storage/log_contexts.hpp"

#include "storage/varint.hpp"

namespace lanyard::storage {
namespace {

using Entries = std::vector<merge::Context::Entry>;

Status take(std::vector<merge::MergedLog>& logs, std::uint64_t log, const Entries& entries) {
  if (entries.empty()) return {};
  if (log >= logs.size() || entries.back().log >= logs.size())
    return fail(Code::kCorrupt, "a context of a log that is not here");
  logs[log].context.raise(entries);
  return {};
}

/// Up to version 5 of the schema: the number of logs, and of each how much was held.
Status read_blobs(Database& database, std::vector<merge::MergedLog>& logs) {
  Query query(database, "SELECT number, context FROM lanyard_logs ORDER BY number");
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return {};
    const std::uint64_t log = query.natural(0);
    BlobReader in(query.blob(1));
    Entries entries;
    const std::size_t count = in.count();
    for (std::size_t other = 0; other < count; ++other) {
      const std::uint64_t seq = in.varint();
      if (seq > 0 && other != log) entries.push_back({static_cast<merge::LogNumber>(other), seq});
    }
    LANYARD_TRY(in.finish("context of a log"));
    LANYARD_TRY(take(logs, log, entries));
  }
}

}  // namespace

Status read_contexts(Database& database, std::vector<merge::MergedLog>& logs) {
  for (std::size_t log = 0; log < logs.size(); ++log)
    logs[log].context.set_own(static_cast<merge::LogNumber>(log), logs[log].seq - 1);
  LANYARD_TRY_SET(
      const std::int64_t tables,
      database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'lanyard_contexts'"));
  if (tables == 0) return read_blobs(database, logs);
  Query query(database, "SELECT log, other, seq FROM lanyard_contexts ORDER BY log, other");
  Entries entries;
  std::uint64_t of = 0;
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return take(logs, of, entries);
    if (query.natural(0) != of) {
      LANYARD_TRY(take(logs, of, entries));
      entries.clear();
      of = query.natural(0);
    }
    entries.push_back({static_cast<merge::LogNumber>(query.natural(1)), query.natural(2)});
  }
}

Status write_context(Database& database, merge::LogNumber log, const merge::Context& context,
                     const std::set<merge::LogNumber>& named) {
  for (const merge::LogNumber other : named) {
    Query query(database,
                "INSERT INTO lanyard_contexts (log, other, seq) VALUES (?, ?, ?) ON CONFLICT "
                "(log, other) DO UPDATE SET seq = excluded.seq");
    LANYARD_TRY(query.bind(log).bind(other).bind(context.seq_of(other)).run());
  }
  return {};
}

}  // namespace lanyard::storage
