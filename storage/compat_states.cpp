#include <algorithm>

#include "storage/compat_store.hpp"

/// What the pages of clients may have in front of them.
namespace lanyard::storage {
namespace {

/// States of one whole that are kept of one client, and pages that are counted in one.
constexpr std::int64_t kStatesMax = 32;
constexpr std::int64_t kCopiesMax = 9;
/// A state that is posted again and again is noted so often.
constexpr std::int64_t kHeardEveryMs = 60'000;

bool has_same_content(const PageState& state, const std::vector<StatePart>& parts) {
  return state.parts.size() == parts.size() &&
         std::all_of(parts.begin(), parts.end(), [&](const StatePart& part) {
           const auto found = state.parts.find({part.thing.collection, part.thing.key});
           return found != state.parts.end() && found->second.content == part.version.content;
         });
}

}  // namespace

Result<std::vector<PageState>> CompatStore::page_states(const std::string& client,
                                                        const CompatThing& whole) {
  std::vector<PageState> out;
  Query query(database_,
              "SELECT g.number, g.copies, g.was_left, t.collection, t.key, s.number, s.content,"
              " s.updated_at, t.number = g.whole"
              " FROM lanyard_clients c, lanyard_things w"
              " JOIN lanyard_states g ON g.client = c.number AND g.whole = w.number"
              " LEFT JOIN lanyard_state_parts p ON p.state = g.number"
              " LEFT JOIN lanyard_things t ON t.number = p.thing"
              " LEFT JOIN lanyard_seen s ON s.number = p.seen"
              " WHERE c.name = ? AND w.space = ? AND w.collection = ? AND w.key = ?"
              " ORDER BY g.number");
  query.bind(client).bind(whole.space.view()).bind(whole.collection).bind(whole.key);
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return out;
    if (out.empty() || out.back().number != query.integer(0)) {
      PageState& state = out.emplace_back();
      state.number = query.integer(0);
      state.copies = query.integer(1);
      state.was_left = query.integer(2) != 0;
    }
    if (query.is_null(5)) continue;
    PageState& state = out.back();
    state.parts[{std::string(query.text(3)), std::string(query.text(4))}] = {
        query.integer(5), query.fixed<ContentHash>(6)};
    if (query.integer(8) != 0 && !query.is_null(7)) state.updated_at = query.integer(7);
  }
}

Status CompatStore::put_state(const std::string& client, const CompatThing& whole,
                              const std::vector<StatePart>& parts, std::int64_t now_ms) {
  LANYARD_TRY_SET(const auto states, page_states(client, whole));
  LANYARD_TRY_SET(const std::int64_t who, client_number(client));
  LANYARD_TRY_SET(const std::int64_t what, thing_number(whole, ""));
  const auto same = std::find_if(states.begin(), states.end(), [&](const PageState& state) {
    return has_same_content(state, parts);
  });
  std::int64_t number = 0;
  if (same != states.end()) {
    number = same->number;
    LANYARD_TRY(Query(database_,
                      "UPDATE lanyard_states SET copies = min(copies + 1, ?), was_left = 0,"
                      " heard_ms = ? WHERE number = ?")
                    .bind(kCopiesMax)
                    .bind(now_ms)
                    .bind(number)
                    .run());
  } else {
    LANYARD_TRY(Query(database_,
                      "INSERT INTO lanyard_states (client, whole, copies, was_left, heard_ms)"
                      " VALUES (?, ?, 1, 0, ?)")
                    .bind(who)
                    .bind(what)
                    .bind(now_ms)
                    .run());
    LANYARD_TRY_SET(number, database_.number("SELECT last_insert_rowid()"));
  }
  for (const StatePart& part : parts) {
    LANYARD_TRY_SET(const std::int64_t thing, thing_number(part.thing, part.parent));
    std::int64_t seen = part.version.number;
    if (seen == 0) {
      LANYARD_TRY_SET(seen, store_seen(thing, part.version, now_ms));
    }
    LANYARD_TRY(Query(database_, "INSERT OR REPLACE INTO lanyard_state_parts VALUES (?, ?, ?)")
                    .bind(number)
                    .bind(thing)
                    .bind(seen)
                    .run());
  }
  const auto too_many = static_cast<std::int64_t>(states.size()) + 1 - kStatesMax;
  return same != states.end() || too_many <= 0 ? Status() : drop_oldest(who, what);
}

/// The state that nobody was heard of for the longest time.
Status CompatStore::drop_oldest(std::int64_t client, std::int64_t whole) {
  std::int64_t number = 0;
  {
    Query query(database_,
                "SELECT number FROM lanyard_states WHERE client = ? AND whole = ?"
                " ORDER BY heard_ms, number LIMIT 1");
    LANYARD_TRY_SET(const bool found, query.bind(client).bind(whole).next());
    if (!found) return {};
    number = query.integer(0);
  }
  return remove_state(number);
}

Status CompatStore::remove_state(std::int64_t number) {
  LANYARD_TRY(
      Query(database_, "DELETE FROM lanyard_state_parts WHERE state = ?").bind(number).run());
  return Query(database_, "DELETE FROM lanyard_states WHERE number = ?").bind(number).run();
}

Status CompatStore::leave_state(const PageState& state, bool is_sure) {
  if (is_sure && state.copies <= 1) return remove_state(state.number);
  return Query(database_,
               "UPDATE lanyard_states SET copies = copies - ?, was_left = 1 WHERE number = ?")
      .bind(std::int64_t{is_sure ? 1 : 0})
      .bind(state.number)
      .run();
}

Status CompatStore::hear_state(std::int64_t number, std::int64_t now_ms) {
  return Query(database_,
               "UPDATE lanyard_states SET heard_ms = ?1 WHERE number = ?2 AND"
               " (heard_ms < ?1 - ?3 OR heard_ms > ?1)")
      .bind(now_ms)
      .bind(number)
      .bind(kHeardEveryMs)
      .run();
}

}  // namespace lanyard::storage
