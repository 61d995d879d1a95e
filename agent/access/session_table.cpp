#include "agent/access/session_table.hpp"

#include <algorithm>

namespace lanyard::agent {
namespace {

void make_room_for_one(std::map<Hash, Instant>& times, std::size_t max,
                       std::chrono::milliseconds life, Instant now) {
  std::erase_if(times, [&](const auto& each) { return has_passed(each.second, now, life); });
  if (times.size() < max) return;
  times.erase(std::min_element(times.begin(), times.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  }));
}

}  // namespace

void SessionTable::invite(const Hash& secret, Instant now) {
  make_room_for_one(invited_, kSignInsMax, kSignInWithin, now);
  invited_.emplace(secret, now);
}

bool SessionTable::open(const Hash& secret, const Hash& token, Instant now) {
  const auto place = invited_.find(secret);
  if (place == invited_.end()) return false;
  const bool is_late = has_passed(place->second, now, kSignInWithin);
  invited_.erase(place);
  if (is_late) return false;
  make_room_for_one(open_, kSessionsMax, kSessionIdleMax, now);
  open_.emplace(token, now);
  return true;
}

bool SessionTable::use(const Hash& token, Instant now) {
  const auto place = open_.find(token);
  if (place == open_.end()) return false;
  if (has_passed(place->second, now, kSessionIdleMax)) {
    open_.erase(place);
    return false;
  }
  place->second = now;
  return true;
}

bool SessionTable::close(const Hash& token) { return open_.erase(token) > 0; }

}  // namespace lanyard::agent
