#pragma once

#include <string>
#include <utility>
#include <vector>

#include "replication/types/ids.hpp"

/// What an app was given, as it is kept in platform.sqlite.
namespace lanyard::storage {

/// What an app may do in one space: read it, and perhaps write.
struct SpaceRight {
  SpaceId space;
  bool may_write = false;
  friend auto operator<=>(const SpaceRight&, const SpaceRight&) = default;
};

using TokenId = FixedBytes<struct TokenIdTag, 8>;

/// A token that was given to an app or a script. Only its hash is kept.
struct TokenEntry {
  TokenId id;               ///< random; shown as 16 hexadecimal digits
  Hash hash;                ///< BLAKE2b-256 of the token's text
  std::string app;          ///< its name, for people
  std::string origin;       ///< the web origin that alone may use it; empty: programs, never a page
  bool all_spaces = false;  ///< also those to come; then `spaces` is empty
  bool may_write = false;   ///< with all_spaces
  /// Create, rename and leave spaces, sync now: what the CLI can, but grants.
  bool may_manage = false;
  /// Good at compatibility listeners alone, for the rows of this user; empty: at the API alone.
  std::string user = {};
  std::vector<SpaceRight> spaces;  ///< sorted by id, each once
  std::int64_t created_ms = 0;
  std::int64_t last_used_ms = 0;  ///< 0: never
  std::int64_t expires_ms = 0;    ///< 0: never
  friend bool operator==(const TokenEntry&, const TokenEntry&) = default;
};

/// When a token was used last, in milliseconds since 1970.
using TokenUse = std::pair<TokenId, std::int64_t>;

}  // namespace lanyard::storage
