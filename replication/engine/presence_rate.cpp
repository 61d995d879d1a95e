#include "replication/engine/presence_rate.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

constexpr std::chrono::milliseconds kSecond{1000};

}  // namespace

bool PresenceRate::has_room(const wire::Presence& said, Instant now) {
  if (!began_ || now.since_origin - began_->since_origin >= kSecond) {
    began_ = now;
    messages_ = bytes_ = 0;
  }
  if (messages_ >= limits::kPresencesPerSecond ||
      bytes_ + said.value.size() > limits::kPresenceBytesPerSecond)
    return false;
  ++messages_;
  bytes_ += said.value.size();
  return true;
}

bool PresenceRate::takes(const wire::Presence& said, Instant now) {
  const bool may = has_room(said, now);
  may ? late_.reset() : void(late_ = said);
  return may;
}

std::optional<wire::Presence> PresenceRate::late(Instant now) {
  if (!late_ || !has_room(*late_, now)) return std::nullopt;
  return std::exchange(late_, std::nullopt);
}

std::optional<Instant> PresenceRate::next_deadline() const {
  if (!late_) return std::nullopt;
  return Instant{began_->since_origin + kSecond};
}

}  // namespace lanyard::engine
