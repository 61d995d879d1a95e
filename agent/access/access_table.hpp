#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "agent/access/access.hpp"
#include "replication/types/hlc.hpp"
#include "replication/types/result.hpp"

namespace lanyard::agent {

/// The tokens that are valid, as the api thread asks for them on every request. Pure; belongs to
/// one thread.
class AccessTable {
 public:
  /// All that there are. Uses that are not stored yet are kept for those that are still there.
  void set(std::vector<storage::TokenEntry> tokens);

  enum class Refusal : std::uint8_t {
    kUnknown,      ///< never given, or revoked
    kExpired,      ///< was good once
    kOtherOrigin,  ///< given to another page, to a program, or to a page and not to a program
    kOtherDoor,    ///< good at compatibility listeners alone, or at the API alone
  };
  enum class Door : std::uint8_t { kApi, kCompat };
  /// What the token of this hash grants at this door: users' tokens are for compatibility listeners
  /// and the others for the API. `origin`: what the request says; nothing: it has no Origin
  /// header. A token with an origin is good with exactly that one, and one without only where there
  /// is none: a page that got hold of a script's token has no use for it.
  [[nodiscard]] tl::expected<Access, Refusal> find(const Hash& hash,
                                                   const std::optional<std::string>& origin,
                                                   WallTime now, Door door = Door::kApi) const;
  /// Whether some token that is not expired was given to this origin: pages of others need not even
  /// be told that they may not.
  [[nodiscard]] bool has_origin(const std::string& origin, WallTime now) const;

  /// How long it is until the next token expires, by the wall clock; nothing: none ever will.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_end(WallTime now) const;

  /// The token was used. One that is not there any more is passed over.
  void used(const storage::TokenId& token, WallTime now);
  /// Last uses that are not stored yet, to be stored now: each token at most once within
  /// limits::kTokenUseStoredEvery. `all`: whenever it was stored last; before the end.
  [[nodiscard]] std::vector<storage::TokenUse> take_uses(WallTime now, bool all = false);

 private:
  struct Use {
    std::int64_t last_ms = 0;
    std::int64_t stored_at_ms = 0;  ///< when a use of it was taken to be stored; 0: never
    bool is_stored = true;
  };

  std::map<Hash, storage::TokenEntry> by_hash_;
  std::map<storage::TokenId, Use> uses_;
};

}  // namespace lanyard::agent
