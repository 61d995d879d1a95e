#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "agent/access/app_wish.hpp"
#include "agent/access/elapsed.hpp"
#include "replication/types/ids.hpp"

namespace lanyard::agent {

/// Whoever can reach the port may ask; so what waits for a person is little, and goes by itself.
inline constexpr std::size_t kAppRequestsMax = 64;
/// Of one page, or of one program for itself; refused ones too: it cannot nag. What a program says
/// of pages takes its own places and not theirs.
inline constexpr std::size_t kAppRequestsPerAskerMax = 4;
/// Of the pages of one site, and of the programs of one user: names are cheap.
inline constexpr std::size_t kAppRequestsPerGroupMax = 12;
/// That come out of one program of one user, a browser too: another always has places.
inline constexpr std::size_t kAppRequestsPerProgramMax = 24;
static_assert(kAppRequestsPerProgramMax < kAppRequestsMax);
inline constexpr std::chrono::minutes kAppRequestWaits{10};
/// What became of a request is known this long, for the app that asks.
inline constexpr std::chrono::minutes kAppRequestKept{10};

using engine::Now;
using RequestId = FixedBytes<struct RequestIdTag, 4>;

/// What waits for a person.
struct AppRequest {
  RequestId id;  ///< random; shown as 8 hexadecimal digits
  AppWish wish;
  bool from_page = false;    ///< a browser says that a page of that origin asks; else a program
  std::string user = {};     ///< whose connection it was; empty: cannot be told
  std::string program = {};  ///< that has it; empty: cannot be told
  /// By the wall clock of whoever looks: a clock that was set since makes it no older.
  std::int64_t asked_ms = 0;
  std::int64_t expires_ms = 0;
};

/// Requests of apps for access, in memory only: the end of the agent forgets them. Pure; belongs to
/// one thread.
class RequestDesk {
 public:
  enum class State : std::uint8_t { kWaiting, kAllowed, kRefused, kExpired };

  /// Who asks, as it shows each time.
  struct Asker {
    Hash secret;                      ///< of the text that was given to it
    std::optional<std::string> page;  ///< the Origin that the browser says; nothing: a program
    std::string user = {};            ///< as AppRequest has it, when it asks
    std::string program = {};
    bool is_shared = false;  ///< several programs have the connection: those have places together
  };

  /// kBusy where ask() will say so whatever the asker's program is, which takes time to find out.
  [[nodiscard]] Status may_ask(const Asker& asker, Now now);
  /// kBusy at the limits above. The wish has passed check_app_wish(), and `id` is random.
  [[nodiscard]] Result<AppRequest> ask(const RequestId& id, Asker asker, AppWish wish, Now now);

  struct Answer {
    State state = State::kWaiting;
    std::string token;  ///< when it is handed out, which is once
  };
  /// Nothing if there is no such request, or if it is somebody else's: both look alike. `take`:
  /// hand a token out that waits for it.
  [[nodiscard]] std::optional<Answer> answer(const RequestId& id, const Asker& asker, Instant now,
                                             bool take);

  /// Those that wait, the oldest first.
  [[nodiscard]] std::vector<AppRequest> waiting(Now now) const;
  /// The one that waits with this id, or whose id begins so (at least 4 digits). kNotFound; kUsage
  /// if it could be several.
  [[nodiscard]] Result<AppRequest> find(std::string_view id, Now now) const;

  /// Somebody is about to allow it: nobody else can. kNotFound if it does not wait. Ends with
  /// allowed(), or put_back() if that came to nothing.
  [[nodiscard]] Status take(const RequestId& id, Instant now);
  void put_back(const RequestId& id);
  void allowed(const RequestId& id, std::string token, Instant now);
  /// kNotFound if it does not wait.
  [[nodiscard]] Status refuse(const RequestId& id, Instant now);

  /// Whether the token of a request that was allowed waits to be taken.
  [[nodiscard]] bool has_token(const RequestId& id) const;
  /// Nobody came for the token: it is not handed out any more.
  void forget(const RequestId& id);

 private:
  struct Entry {
    AppRequest request;
    Asker asker;
    Instant asked;
    State state = State::kWaiting;
    bool is_taken = false;   ///< by a person who is deciding
    Instant decided = {};    ///< when it was allowed or refused
    std::string token = {};  ///< allowed, and not handed out yet
  };

  /// How many requests take the places that one of this asker would.
  struct Taken {
    std::size_t of_asker = 0;
    std::size_t of_group = 0;
    std::size_t of_program = 0;
    std::size_t of_all = 0;
  };
  [[nodiscard]] Taken taken_by(const Asker& asker, Instant now);
  [[nodiscard]] static AppRequest shown(const Entry& entry, Now now);
  [[nodiscard]] static bool is_waiting(const Entry& entry, Instant now);
  [[nodiscard]] static bool is_over(const Entry& entry, Instant now);
  [[nodiscard]] Entry* waiting_entry(const RequestId& id, Instant now);

  std::map<RequestId, Entry> entries_;
};

}  // namespace lanyard::agent
