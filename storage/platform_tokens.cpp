#include "replication/types/limits.hpp"
#include "storage/platform.hpp"

/// Access tokens. Hashes are looked up in memory, not here: the table is read as a whole.
namespace lanyard::storage {
namespace {

TokenEntry entry_at(const Query& query) {
  TokenEntry entry;
  entry.id = query.fixed<TokenId>(0);
  entry.hash = query.fixed<Hash>(1);
  entry.app = query.text(2);
  entry.origin = query.text(3);
  entry.all_spaces = query.integer(4) != 0;
  entry.may_write = query.integer(5) != 0;
  entry.may_manage = query.integer(6) != 0;
  entry.created_ms = query.integer(7);
  entry.last_used_ms = query.integer(8);
  entry.expires_ms = query.integer(9);
  entry.user = query.text(10);
  return entry;
}

Status insert_token(Database& database, const TokenEntry& token) {
  return Query(database, "INSERT INTO lanyard_tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(token.id.view())
      .bind(token.hash.view())
      .bind(token.app)
      .bind(token.origin)
      .bind(std::int64_t{token.all_spaces})
      .bind(std::int64_t{token.may_write})
      .bind(std::int64_t{token.may_manage})
      .bind(token.created_ms)
      .bind(token.last_used_ms)
      .bind(token.expires_ms)
      .bind(token.user)
      .run();
}

Status insert_right(Database& database, const TokenId& token, const SpaceRight& right) {
  const std::string space = to_text(right.space);
  return Query(database, "INSERT INTO lanyard_token_spaces VALUES (?, ?, ?)")
      .bind(token.view())
      .bind(space)
      .bind(std::int64_t{right.may_write})
      .run();
}

}  // namespace

Result<std::vector<TokenEntry>> Platform::tokens() {
  std::vector<TokenEntry> all;
  {
    Query query(database_,
                "SELECT id, hash, app, origin, all_spaces, may_write, may_manage, created_ms,"
                " last_used_ms, expires_ms, user FROM lanyard_tokens ORDER BY id");
    while (true) {
      LANYARD_TRY_SET(const bool more, query.next());
      if (!more) break;
      all.push_back(entry_at(query));
    }
  }
  // Both in the order of the tokens: one walk over each. A space's text sorts as its bytes do.
  Query query(database_,
              "SELECT token, space, may_write FROM lanyard_token_spaces ORDER BY token, space");
  auto at = all.begin();
  while (true) {
    LANYARD_TRY_SET(const bool more, query.next());
    if (!more) return all;
    const auto token = query.fixed<TokenId>(0);
    while (at != all.end() && at->id < token) ++at;
    if (at == all.end()) return all;
    if (const auto space = space_id_from_text(query.text(1)); space && at->id == token)
      at->spaces.push_back({*space, query.integer(2) != 0});
  }
}

Status Platform::add_token(const TokenEntry& token) {
  {
    Query known(database_, "SELECT 1 FROM lanyard_tokens WHERE id = ? OR hash = ?");
    LANYARD_TRY_SET(const bool there, known.bind(token.id.view()).bind(token.hash.view()).next());
    if (there) return fail(Code::kExists, "there is a token of this id or text");
  }
  LANYARD_TRY_SET(const std::int64_t count,
                  database_.number("SELECT count(*) FROM lanyard_tokens"));
  if (static_cast<std::size_t>(count) >= limits::kTokensMax)
    return fail(Code::kTooLarge, "this device has given " + std::to_string(count) + " tokens",
                "Revoke those that nobody uses: lanyard token list");
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(insert_token(database_, token));
    for (const SpaceRight& right : token.spaces)
      LANYARD_TRY(insert_right(database_, token.id, right));
    return {};
  });
}

Status Platform::add_right(const TokenId& token, const SpaceRight& right) {
  return write(Sync::kFull, [&]() -> Status {
    std::int64_t named = 0;
    {
      Query query(database_,
                  "SELECT (SELECT count(*) FROM lanyard_token_spaces WHERE token = ?1)"
                  " FROM lanyard_tokens WHERE id = ?1");
      LANYARD_TRY_SET(const bool is_there, query.bind(token.view()).next());
      if (!is_there) return fail(Code::kNotFound, "no such token");
      named = query.integer(0);
    }
    if (named >= static_cast<std::int64_t>(limits::kTokenSpacesMax))
      return fail(Code::kTooLarge,
                  "a token names at most " + std::to_string(limits::kTokenSpacesMax) + " spaces");
    return insert_right(database_, token, right);
  });
}

Status Platform::revoke_token(const TokenId& token) {
  return write(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(
        Query(database_, "DELETE FROM lanyard_tokens WHERE id = ?").bind(token.view()).run());
    if (database_.changes() == 0) return fail(Code::kNotFound, "no such token");
    return Query(database_, "DELETE FROM lanyard_token_spaces WHERE token = ?")
        .bind(token.view())
        .run();
  });
}

Status Platform::used_tokens(const std::vector<TokenUse>& uses) {
  if (uses.empty()) return {};
  return write(Sync::kNormal, [&]() -> Status {
    for (const auto& [token, used_ms] : uses) {
      LANYARD_TRY(Query(database_,
                        "UPDATE lanyard_tokens SET last_used_ms = max(last_used_ms, ?)"
                        " WHERE id = ?")
                      .bind(used_ms)
                      .bind(token.view())
                      .run());
    }
    return {};
  });
}

Status Platform::move_rights(const std::string& from, const std::string& to) {
  LANYARD_TRY(Query(database_,
                    "INSERT INTO lanyard_token_spaces SELECT token, ?2, may_write"
                    " FROM lanyard_token_spaces WHERE space = ?1"
                    " ON CONFLICT (token, space)"
                    " DO UPDATE SET may_write = max(may_write, excluded.may_write)")
                  .bind(from)
                  .bind(to)
                  .run());
  return Query(database_, "DELETE FROM lanyard_token_spaces WHERE space = ?").bind(from).run();
}

}  // namespace lanyard::storage
