#include "agent/access/access_table.hpp"

#include <algorithm>

#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

bool is_expired(const storage::TokenEntry& token, WallTime now) {
  return token.expires_ms != 0 && now.ms >= token.expires_ms;
}

}  // namespace

void AccessTable::set(std::vector<storage::TokenEntry> tokens) {
  std::map<storage::TokenId, Use> uses;
  by_hash_.clear();
  for (storage::TokenEntry& token : tokens) {
    const auto known = uses_.find(token.id);
    uses.emplace(token.id, known != uses_.end() ? known->second : Use{});
    const Hash hash = token.hash;
    by_hash_.emplace(hash, std::move(token));
  }
  uses_ = std::move(uses);
}

tl::expected<Access, AccessTable::Refusal> AccessTable::find(
    const Hash& hash, const std::optional<std::string>& origin, WallTime now, Door door) const {
  const auto place = by_hash_.find(hash);
  if (place == by_hash_.end()) return tl::unexpected(Refusal::kUnknown);
  const storage::TokenEntry& token = place->second;
  if (is_expired(token, now)) return tl::unexpected(Refusal::kExpired);
  // A header without content is a header: no token is for that.
  const bool fits = token.origin.empty() ? !origin : origin == token.origin;
  if (!fits) return tl::unexpected(Refusal::kOtherOrigin);
  const bool is_users = !token.user.empty();
  if (is_users != (door == Door::kCompat)) return tl::unexpected(Refusal::kOtherDoor);
  return access_of(token);
}

bool AccessTable::has_origin(const std::string& origin, WallTime now) const {
  if (origin.empty()) return false;
  return std::any_of(by_hash_.begin(), by_hash_.end(), [&](const auto& each) {
    return each.second.origin == origin && !is_expired(each.second, now);
  });
}

std::optional<std::chrono::milliseconds> AccessTable::next_end(WallTime now) const {
  std::optional<std::chrono::milliseconds> out;
  for (const auto& [hash, token] : by_hash_) {
    if (token.expires_ms == 0 || is_expired(token, now)) continue;
    const std::chrono::milliseconds left(token.expires_ms - now.ms);
    if (!out || left < *out) out = left;
  }
  return out;
}

void AccessTable::used(const storage::TokenId& token, WallTime now) {
  const auto place = uses_.find(token);
  if (place == uses_.end()) return;
  place->second.last_ms = now.ms;
  place->second.is_stored = false;
}

std::vector<storage::TokenUse> AccessTable::take_uses(WallTime now, bool all) {
  constexpr auto kEvery = std::chrono::milliseconds(limits::kTokenUseStoredEvery).count();
  std::vector<storage::TokenUse> out;
  for (auto& [token, use] : uses_) {
    if (use.is_stored) continue;
    // A clock that was set back must not silence a token until it has caught up.
    const std::int64_t since = now.ms - use.stored_at_ms;
    if (!all && since >= 0 && since < kEvery) continue;
    out.emplace_back(token, use.last_ms);
    use.stored_at_ms = now.ms;
    use.is_stored = true;
  }
  return out;
}

}  // namespace lanyard::agent
