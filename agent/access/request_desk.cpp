#include "agent/access/request_desk.hpp"

#include <algorithm>

#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kRequestDigitsMin = 4;
constexpr const char* kLater = "Wait until a person has answered, or for ten minutes.";

tl::unexpected<Error> no_such_request() {
  return fail(Code::kNotFound, "no request of that id waits for an answer",
              "See  lanyard apps  for those that do; each waits for ten minutes.");
}

/// What a page's origins have in common that one owner can make many of: the last two names of its
/// host. Addresses, and this machine's own name, stand for themselves, with their ports: each is an
/// app of its own.
std::string site_of(const std::string& origin) {
  std::string host = origin.substr(std::min(origin.find("://"), origin.size() - 1) + 1);
  const std::size_t last = host.rfind('.');
  const std::string top = last == std::string::npos ? "" : host.substr(last + 1);
  const bool is_name = !top.empty() && top.find_first_of("0123456789]") != 0;
  if (!is_name) return origin;
  host.resize(std::min(host.find(':', last), host.size()));
  const std::size_t before = host.rfind('.', last - 1);
  return before == std::string::npos ? host : host.substr(before + 1);
}

/// Whose places a request takes.
struct Places {
  std::string asker;
  std::string group;
  std::string program;
};

Places places_of(const RequestDesk::Asker& asker) {
  // Whoever hands its connections on takes no places of those that it names, and has no more by it.
  const std::string program = asker.user + "\n" + (asker.is_shared ? "several" : asker.program);
  if (!asker.page) return {program, "programs of " + asker.user, program};
  return {*asker.page + "\n" + program, "pages of " + site_of(*asker.page), program};
}

}  // namespace

bool RequestDesk::is_waiting(const Entry& entry, Instant now) {
  return entry.state == State::kWaiting && !has_passed(entry.asked, now, kAppRequestWaits);
}

bool RequestDesk::is_over(const Entry& entry, Instant now) {
  // Whoever allowed it has yet to take back what nobody came for: forget().
  if (entry.is_taken || !entry.token.empty()) return false;
  if (entry.state != State::kWaiting) return has_passed(entry.decided, now, kAppRequestKept);
  return has_passed(entry.asked, now, kAppRequestWaits + kAppRequestKept);
}

RequestDesk::Entry* RequestDesk::waiting_entry(const RequestId& id, Instant now) {
  const auto place = entries_.find(id);
  const bool waits =
      place != entries_.end() && !place->second.is_taken && is_waiting(place->second, now);
  return waits ? &place->second : nullptr;
}

RequestDesk::Taken RequestDesk::taken_by(const Asker& asker, Instant now) {
  std::erase_if(entries_, [&](const auto& each) { return is_over(each.second, now); });
  const Places wanted = places_of(asker);
  Taken out;
  for (const auto& [other, entry] : entries_) {
    const bool waits = is_waiting(entry, now);
    if (waits) ++out.of_all;
    if (!waits && entry.state != State::kRefused) continue;
    const Places taken = places_of(entry.asker);
    if (taken.asker == wanted.asker) ++out.of_asker;
    if (waits && taken.group == wanted.group) ++out.of_group;
    if (waits && taken.program == wanted.program) ++out.of_program;
  }
  return out;
}

Status RequestDesk::may_ask(const Asker& asker, Now now) {
  const Taken taken = taken_by(asker, now.mono);
  if (taken.of_group < kAppRequestsPerGroupMax && taken.of_all < kAppRequestsMax) return {};
  return fail(Code::kBusy, "too many apps wait for an answer", kLater);
}

Result<AppRequest> RequestDesk::ask(const RequestId& id, Asker asker, AppWish wish, Now now) {
  const Taken taken = taken_by(asker, now.mono);
  if (taken.of_asker >= kAppRequestsPerAskerMax)
    return fail(Code::kBusy, "this app has asked several times already", kLater);
  const bool is_full = taken.of_group >= kAppRequestsPerGroupMax ||
                       taken.of_program >= kAppRequestsPerProgramMax ||
                       taken.of_all >= kAppRequestsMax;
  if (is_full || entries_.contains(id))
    return fail(Code::kBusy, "too many apps wait for an answer", kLater);
  AppRequest request;
  request.id = id;
  request.wish = std::move(wish);
  request.from_page = asker.page.has_value();
  request.user = asker.user;
  request.program = asker.program;
  const Entry& entry =
      entries_.emplace(id, Entry{std::move(request), std::move(asker), now.mono}).first->second;
  return shown(entry, now);
}

AppRequest RequestDesk::shown(const Entry& entry, Now now) {
  AppRequest out = entry.request;
  const auto age = now.mono.since_origin - entry.asked.since_origin;
  out.asked_ms = now.wall.ms - age.count();
  out.expires_ms = out.asked_ms + std::chrono::milliseconds(kAppRequestWaits).count();
  return out;
}

std::optional<RequestDesk::Answer> RequestDesk::answer(const RequestId& id, const Asker& asker,
                                                       Instant now, bool take) {
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

std::vector<AppRequest> RequestDesk::waiting(Now now) const {
  std::vector<AppRequest> out;
  for (const auto& [id, entry] : entries_)
    if (!entry.is_taken && is_waiting(entry, now.mono)) out.push_back(shown(entry, now));
  std::sort(out.begin(), out.end(), [](const AppRequest& left, const AppRequest& right) {
    return std::tie(left.asked_ms, left.id) < std::tie(right.asked_ms, right.id);
  });
  return out;
}

Result<AppRequest> RequestDesk::find(std::string_view id, Now now) const {
  const std::string digits = lower(id);
  std::vector<AppRequest> found = waiting(now);
  std::erase_if(found, [&](const AppRequest& each) {
    return digits.size() < kRequestDigitsMin || !to_hex(each.id.view()).starts_with(digits);
  });
  if (found.empty()) return no_such_request();
  if (found.size() == 1) return found.front();
  return fail(Code::kUsage, "several requests begin with \"" + digits + "\"", "Give more digits.");
}

Status RequestDesk::take(const RequestId& id, Instant now) {
  Entry* const entry = waiting_entry(id, now);
  if (!entry) return no_such_request();
  entry->is_taken = true;
  return {};
}

void RequestDesk::put_back(const RequestId& id) {
  if (const auto place = entries_.find(id); place != entries_.end()) place->second.is_taken = false;
}

void RequestDesk::allowed(const RequestId& id, std::string token, Instant now) {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return;
  Entry& entry = place->second;
  entry.is_taken = false;
  entry.state = State::kAllowed;
  entry.decided = now;
  entry.token = std::move(token);
}

Status RequestDesk::refuse(const RequestId& id, Instant now) {
  Entry* const entry = waiting_entry(id, now);
  if (!entry) return no_such_request();
  entry->state = State::kRefused;
  entry->decided = now;
  return {};
}

bool RequestDesk::has_token(const RequestId& id) const {
  const auto place = entries_.find(id);
  return place != entries_.end() && !place->second.token.empty();
}

void RequestDesk::forget(const RequestId& id) { entries_.erase(id); }

}  // namespace lanyard::agent
