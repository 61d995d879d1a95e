#pragma once

#include <optional>

#include "replication/engine/input.hpp"

namespace lanyard::engine {

/// How often one peer is listened to about presence: within each second that begins with a message
/// at most limits::kPresencesPerSecond of them, and kPresenceBytesPerSecond.
/// The newest of what is beyond waits for the next second, the others are left out. Pure.
class PresenceRate {
 public:
  /// True: it may be told of now.
  [[nodiscard]] bool takes(const wire::Presence& said, Instant now);
  /// What waited, if it may be told of now.
  [[nodiscard]] std::optional<wire::Presence> late(Instant now);
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  [[nodiscard]] bool has_room(const wire::Presence& said, Instant now);

  std::optional<Instant> began_;
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  std::optional<wire::Presence> late_;
};

}  // namespace lanyard::engine
