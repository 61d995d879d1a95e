#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

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
/// memory only, each good at one origin. Pure; belongs to one thread.
class SessionTable {
 public:
  /// Whoever shows the secret of this hash within kSignInWithin, from a page of `origin`, may sign
  /// in, once. Beyond kSignInsMax the oldest is good for nothing any more.
  void invite(const Hash& secret, const std::string& origin, Instant now);
  /// A session for the token of this hash, if the secret is good there: it is not after that.
  /// Beyond kSessionsMax the one that was idle for longest ends.
  [[nodiscard]] bool open(const Hash& secret, const std::string& origin, const Hash& token,
                          Instant now);
  /// The origin of the session, which is not idle then, that has this token; nothing: none has.
  [[nodiscard]] std::optional<std::string> use(const Hash& token, Instant now);
  /// The same without a use of it: for who only listens.
  [[nodiscard]] std::optional<std::string> origin_of(const Hash& token, Instant now) const;
  /// How long it is until the next session has been idle for too long; nothing: there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_end(Instant now) const;
  /// Whether there was one.
  bool close(const Hash& token);

 private:
  struct Entry {
    Instant time;  ///< invited then, or last used
    std::string origin;
  };
  using Entries = std::map<Hash, Entry>;
  static void make_room_for_one(Entries& entries, std::size_t max, std::chrono::milliseconds life,
                                Instant now);
  Entries invited_;
  Entries open_;
};

}  // namespace lanyard::agent
