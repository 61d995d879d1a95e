#pragma once

#include <chrono>
#include <map>

#include "agent/access/elapsed.hpp"
#include "replication/types/ids.hpp"

namespace lanyard::agent {

/// From `lanyard ui` to the page: a browser has long started by then.
inline constexpr std::chrono::seconds kSignInWithin{60};
/// Without a request. A page that is shown asks all the time; one that was left open overnight is
/// signed out by the morning.
inline constexpr std::chrono::hours kSessionIdleMax{12};
/// Tabs and browsers of one person.
inline constexpr std::size_t kSessionsMax = 32;
inline constexpr std::size_t kSignInsMax = 8;

/// Pages that a person has signed in, and secrets by which one more can be: hashes of both, in
/// memory only. Pure; belongs to one thread.
class SessionTable {
 public:
  /// Whoever shows the secret of this hash within kSignInWithin may sign in, once. Beyond
  /// kSignInsMax the oldest is good for nothing any more.
  void invite(const Hash& secret, Instant now);
  /// A session for the token of this hash, if the secret is good: it is not after that. Beyond
  /// kSessionsMax the one that was idle for longest ends.
  [[nodiscard]] bool open(const Hash& secret, const Hash& token, Instant now);
  /// Whether the token is that of a session, which is not idle then.
  [[nodiscard]] bool use(const Hash& token, Instant now);
  /// Whether there was one.
  bool close(const Hash& token);

 private:
  std::map<Hash, Instant> invited_;  ///< when
  std::map<Hash, Instant> open_;     ///< last used
};

}  // namespace lanyard::agent
