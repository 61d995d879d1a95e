#include "agent/links/half_open.hpp"

#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"

namespace lanyard::agent {
namespace {

constexpr HalfOpen::Tick kSecond{1000};
constexpr HalfOpen::Tick kBetweenCalls = kSecond / HalfOpen::kCallsPerSecond;

}  // namespace

HalfOpen::Answer HalfOpen::call(engine::LinkId link, const Caller& caller, Tick now) {
  const auto held = held_.find(caller.source);
  if (held != held_.end() && held->second >= limits::kHalfOpenPerSourceMax) return {};
  if (!caller.is_local && calls_too_often(caller.source, now)) return {};
  Answer answer{true, {}};
  if (links_.size() >= storage::within_descriptors(3, limits::kHalfOpenMax)) {
    answer.makes_room = who_makes_room();
    settle(*answer.makes_room);
  }
  links_[link] = caller.source;
  ++held_[caller.source];
  return answer;
}

bool HalfOpen::calls_too_often(const std::string& source, Tick now) {
  if (rested_at_.size() >= kSourcesMax && !rested_at_.contains(source)) {
    std::erase_if(rested_at_, [now](const auto& each) { return each.second <= now; });
    if (rested_at_.size() >= kSourcesMax) return false;
  }
  Tick& rested_at = rested_at_.try_emplace(source, now).first->second;
  const Tick then = std::max(rested_at, now) + kBetweenCalls;
  if (then > now + kSecond) return true;
  rested_at = then;
  return false;
}

engine::LinkId HalfOpen::who_makes_room() const {
  const auto most =
      std::max_element(links_.begin(), links_.end(), [this](const auto& left, const auto& right) {
        return held_.at(left.second) < held_.at(right.second);
      });
  return most->first;  // of equals the first, which is the oldest
}

void HalfOpen::settle(engine::LinkId link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  const auto held = held_.find(found->second);
  if (--held->second == 0) held_.erase(held);
  links_.erase(found);
}

}  // namespace lanyard::agent
