#include "replication/types/canonical.hpp"
#include "storage/compat_store.hpp"

/// When clients were answered, and how far a space had come then.
namespace lanyard::storage {
namespace {

/// Answers that are nearer to each other than that are one: the clock of the first is true of both.
constexpr std::int64_t kPullsApartMs = 10'000;

Bytes pulled_clock_bytes(const VectorClock& clock) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(clock.size() * 2);
  for (const auto& [log, head] : clock) {
    writer.binary(log.view());
    writer.natural(head.seq.value);
  }
  return out;
}

/// Nothing for a damaged one: its client is told everything.
std::optional<VectorClock> pulled_clock_of(ByteView bytes) {
  CanonicalReader in(bytes);
  const std::size_t size = in.array();
  VectorClock out;
  for (std::size_t at = 0; at + 1 < size && !in.failed(); at += 2) {
    const auto log = in.fixed<LogId>();
    out[log].seq = Seq{in.natural()};
  }
  if (out.size() * 2 != size || !in.finish()) return std::nullopt;
  return out;
}

}  // namespace

Status CompatStore::note_pull(const std::string& client, const SpaceId& space, std::int64_t at_ms,
                              const VectorClock& clock) {
  LANYARD_TRY_SET(const std::int64_t who, client_number(client));
  const Bytes encoded = pulled_clock_bytes(clock);
  {
    Query newest(database_,
                 "SELECT at_ms, clock FROM lanyard_pulls WHERE client = ? AND space = ?"
                 " ORDER BY at_ms DESC LIMIT 1");
    LANYARD_TRY_SET(const bool found, newest.bind(who).bind(space.view()).next());
    // One that seems to come later was written before this device's clock was set back: what is
    // written now would seem to be older than it is.
    if (found && newest.integer(0) + kPullsApartMs > at_ms) return {};
    const ByteView same = found ? newest.blob(1) : ByteView();
    if (found && std::equal(same.begin(), same.end(), encoded.begin(), encoded.end())) return {};
  }
  LANYARD_TRY(Query(database_, "INSERT INTO lanyard_pulls VALUES (?, ?, ?, ?)")
                  .bind(who)
                  .bind(space.view())
                  .bind(at_ms)
                  .bind(ByteView(encoded))
                  .run());
  return Query(database_,
               "DELETE FROM lanyard_pulls WHERE client = ?1 AND space = ?2 AND at_ms <="
               " (SELECT at_ms FROM lanyard_pulls WHERE client = ?1 AND space = ?2"
               " ORDER BY at_ms DESC LIMIT 1 OFFSET 64)")
      .bind(who)
      .bind(space.view())
      .run();
}

Result<std::optional<VectorClock>> CompatStore::pull_before(const std::string& client,
                                                            const SpaceId& space,
                                                            std::int64_t at_ms) {
  Query query(database_,
              "SELECT p.clock FROM lanyard_clients c JOIN lanyard_pulls p ON p.client = c.number"
              " WHERE c.name = ? AND p.space = ? AND p.at_ms <= ? ORDER BY p.at_ms DESC LIMIT 1");
  LANYARD_TRY_SET(const bool found, query.bind(client).bind(space.view()).bind(at_ms).next());
  return found ? pulled_clock_of(query.blob(0)) : std::nullopt;
}

}  // namespace lanyard::storage
