#include "agent/access/request_desk.hpp"

#include <algorithm>

#include "agent/access/elapsed.hpp"
#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRequestDigitsMin = 4;

tl::unexpected<Error> no_such_request() {
  return fail(Code::kNotFound, "no request of that id waits for an answer",
              "See  lanyard apps  for those that do; each waits for ten minutes.");
}

}  // namespace

bool RequestDesk::is_waiting(const Entry& entry, WallTime now) {
  return entry.state == State::kWaiting &&
         !has_passed(entry.request.asked_ms, now, kAppRequestWaits);
}

bool RequestDesk::is_over(const Entry& entry, WallTime now) {
  // Whoever allowed it has yet to take back what nobody came for: forget().
  if (entry.is_taken || !entry.token.empty()) return false;
  if (entry.state != State::kWaiting) return has_passed(entry.decided_ms, now, kAppRequestKept);
  return has_passed(entry.request.asked_ms, now, kAppRequestWaits + kAppRequestKept);
}

RequestDesk::Entry* RequestDesk::waiting_entry(const RequestId& id, WallTime now) {
  const auto place = entries_.find(id);
  const bool waits =
      place != entries_.end() && !place->second.is_taken && is_waiting(place->second, now);
  return waits ? &place->second : nullptr;
}

Result<AppRequest> RequestDesk::ask(const RequestId& id, Asker asker, AppWish wish, WallTime now) {
  std::erase_if(entries_, [&](const auto& each) { return is_over(each.second, now); });
  std::size_t open = 0;
  std::size_t of_origin = 0;
  for (const auto& [other, entry] : entries_) {
    if (is_waiting(entry, now)) ++open;
    const bool counts = is_waiting(entry, now) || entry.state == State::kRefused;
    if (counts && entry.request.wish.origin == wish.origin) ++of_origin;
  }
  constexpr const char* kLater = "Wait until a person has answered, or for ten minutes.";
  if (of_origin >= kAppRequestsPerOriginMax)
    return fail(Code::kBusy, "this app has asked several times already", kLater);
  if (open >= kAppRequestsMax || entries_.contains(id))
    return fail(Code::kBusy, "too many apps wait for an answer", kLater);
  AppRequest request;
  request.id = id;
  request.wish = std::move(wish);
  request.from_page = asker.page.has_value();
  request.asked_ms = now.ms;
  request.expires_ms = now.ms + std::chrono::milliseconds(kAppRequestWaits).count();
  entries_.emplace(id, Entry{request, std::move(asker)});
  return request;
}

std::optional<RequestDesk::Answer> RequestDesk::answer(const RequestId& id, const Asker& asker,
                                                       WallTime now, bool take) {
  const auto place = entries_.find(id);
  if (place == entries_.end() || is_over(place->second, now)) return std::nullopt;
  Entry& entry = place->second;
  if (entry.asker.secret != asker.secret || entry.asker.page != asker.page) return std::nullopt;
  const bool is_late = entry.state == State::kWaiting && !entry.is_taken && !is_waiting(entry, now);
  Answer out;
  out.state = is_late ? State::kExpired : entry.state;
  if (take) out.token = std::exchange(entry.token, {});
  return out;
}

std::vector<AppRequest> RequestDesk::waiting(WallTime now) const {
  std::vector<AppRequest> out;
  for (const auto& [id, entry] : entries_)
    if (!entry.is_taken && is_waiting(entry, now)) out.push_back(entry.request);
  std::sort(out.begin(), out.end(), [](const AppRequest& left, const AppRequest& right) {
    return std::tie(left.asked_ms, left.id) < std::tie(right.asked_ms, right.id);
  });
  return out;
}

Result<AppRequest> RequestDesk::find(std::string_view id, WallTime now) const {
  const std::string digits = lower(id);
  std::vector<AppRequest> found = waiting(now);
  std::erase_if(found, [&](const AppRequest& each) {
    return digits.size() < kRequestDigitsMin || !to_hex(each.id.view()).starts_with(digits);
  });
  if (found.empty()) return no_such_request();
  if (found.size() == 1) return found.front();
  return fail(Code::kUsage, "several requests begin with \"" + digits + "\"", "Give more digits.");
}

Status RequestDesk::take(const RequestId& id, WallTime now) {
  Entry* const entry = waiting_entry(id, now);
  if (!entry) return no_such_request();
  entry->is_taken = true;
  return {};
}

void RequestDesk::put_back(const RequestId& id) {
  if (const auto place = entries_.find(id); place != entries_.end()) place->second.is_taken = false;
}

void RequestDesk::allowed(const RequestId& id, std::string token, WallTime now) {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return;
  Entry& entry = place->second;
  entry.is_taken = false;
  entry.state = State::kAllowed;
  entry.decided_ms = now.ms;
  entry.token = std::move(token);
}

Status RequestDesk::refuse(const RequestId& id, WallTime now) {
  Entry* const entry = waiting_entry(id, now);
  if (!entry) return no_such_request();
  entry->state = State::kRefused;
  entry->decided_ms = now.ms;
  return {};
}

bool RequestDesk::has_token(const RequestId& id) const {
  const auto place = entries_.find(id);
  return place != entries_.end() && !place->second.token.empty();
}

void RequestDesk::forget(const RequestId& id) { entries_.erase(id); }

}  // namespace lanyard::agent
