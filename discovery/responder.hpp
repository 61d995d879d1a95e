#pragma once

#include <functional>
#include <string>

#include "discovery/pipe_message.hpp"

namespace lanyard::discovery {

/// One way to speak mDNS: the system's daemon, or a core of our own. Lives in its child process.
class Responder {
 public:
  struct Owner {
    std::function<void(const Sighting&)> saw;
    std::function<void(const SightingKey&)> lost;
    /// Somebody else has one of our names.
    std::function<void()> collided;
  };
  virtual ~Responder() = default;

  /// Announces and browses as the orders say, from wherever it is. Only while it is to be used; one
  /// that is not used any more goes.
  virtual void follow(const Orders& orders) = 0;
  /// Once a second.
  virtual void tick() = 0;
  /// It may be used.
  [[nodiscard]] virtual bool is_ready() const = 0;
  /// It is of no use any more, and has to be made anew.
  [[nodiscard]] virtual bool has_failed() const = 0;
  [[nodiscard]] virtual bool is_announced() const = 0;
  /// Why it does not work, for people; empty: it does.
  [[nodiscard]] virtual std::string trouble() const = 0;
};

inline constexpr const char* kServiceType = "_lanyard._tcp";
inline constexpr const char* kServiceDomain = "local";

}  // namespace lanyard::discovery
