#include "agent/access/session_table.hpp"

#include <algorithm>

namespace lanyard::agent {

void SessionTable::make_room_for_one(Entries& entries, std::size_t max,
                                     std::chrono::milliseconds life, Instant now) {
  std::erase_if(entries, [&](const auto& each) { return has_passed(each.second.time, now, life); });
  if (entries.size() < max) return;
  entries.erase(std::min_element(
      entries.begin(), entries.end(),
      [](const auto& left, const auto& right) { return left.second.time < right.second.time; }));
}

void SessionTable::invite(const Hash& secret, const std::string& origin, Instant now) {
  make_room_for_one(invited_, kSignInsMax, kSignInWithin, now);
  invited_.emplace(secret, Entry{now, origin});
}

bool SessionTable::open(const Hash& secret, const std::string& origin, const Hash& token,
                        Instant now) {
  const auto place = invited_.find(secret);
  if (place == invited_.end() || place->second.origin != origin) return false;
  const bool is_late = has_passed(place->second.time, now, kSignInWithin);
  invited_.erase(place);
  if (is_late) return false;
  make_room_for_one(open_, kSessionsMax, kSessionIdleMax, now);
  open_.emplace(token, Entry{now, origin});
  return true;
}

std::optional<std::string> SessionTable::use(const Hash& token, Instant now) {
  const auto place = open_.find(token);
  if (place == open_.end()) return std::nullopt;
  if (has_passed(place->second.time, now, kSessionIdleMax)) {
    open_.erase(place);
    return std::nullopt;
  }
  place->second.time = now;
  return place->second.origin;
}

std::optional<std::string> SessionTable::origin_of(const Hash& token, Instant now) const {
  const auto place = open_.find(token);
  if (place == open_.end() || has_passed(place->second.time, now, kSessionIdleMax))
    return std::nullopt;
  return place->second.origin;
}

std::optional<std::chrono::milliseconds> SessionTable::next_end(Instant now) const {
  std::optional<std::chrono::milliseconds> out;
  for (const auto& [token, session] : open_) {
    if (has_passed(session.time, now, kSessionIdleMax)) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        session.time.since_origin + kSessionIdleMax - now.since_origin);
    if (!out || left < *out) out = left;
  }
  return out;
}

bool SessionTable::close(const Hash& token) { return open_.erase(token) > 0; }

}  // namespace lanyard::agent
