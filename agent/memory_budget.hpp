#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "replication/types/limits.hpp"

namespace lanyard::agent {

/// What bodies of requests may take together with what is made of them until they are answered:
/// three of the largest of the API, two of the largest of a compatibility port. Less where the
/// process may have little (share_of_memory()).
inline constexpr std::uint64_t kBodiesMemoryMax = 256 * limits::kMiB;
/// What may wait for clients to read it, of answers that are sent as a whole.
inline constexpr std::uint64_t kAnswersMemoryMax = 64 * limits::kMiB;
/// Bodies and answers that reserve nothing: as many as there may be connections are little.
inline constexpr std::uint64_t kSmallBody = 64 * limits::kKiB;
/// What waits on all WebSockets of a door together before each may have but little more.
inline constexpr std::uint64_t kLinesWaitingMax = 64 * limits::kMiB;
/// What may wait on one of them, where so much waits on all.
[[nodiscard]] constexpr std::uint64_t line_room(std::uint64_t all_waiting) {
  return all_waiting > kLinesWaitingMax ? kSmallBody : limits::kSocketQueueFull;
}
/// The most that was measured of JSON with many small parts: the text, the places in it, the ops
/// read from it.
inline constexpr std::uint64_t kMemoryPerJsonByte = 10;
/// Of a body that lies in a file and is mapped: its pages, and what is read from it piece by piece.
inline constexpr std::uint64_t kMemoryPerSpooledByte = 2;
/// How long a request waits for room, and how long a body may take while somebody waits: on
/// loopback 50 MiB take less than a second.
inline constexpr std::chrono::seconds kMemoryWaitMax{15};
inline constexpr std::chrono::seconds kBodyTimeMax{5};
static_assert(kBodyTimeMax < kMemoryWaitMax, "who waits outlasts who is slow");

class MemoryBudget;

/// A part of a budget. It goes back when this goes away, on whichever thread.
class MemoryReservation {
 public:
  ~MemoryReservation();
  MemoryReservation(const MemoryReservation&) = delete;
  MemoryReservation& operator=(const MemoryReservation&) = delete;

 private:
  friend class MemoryBudget;
  MemoryReservation(std::uint64_t id, std::weak_ptr<MemoryBudget> budget,
                    std::function<void(std::function<void()>)> post)
      : id_(id), budget_(std::move(budget)), post_(std::move(post)) {}

  std::uint64_t id_ = 0;
  std::weak_ptr<MemoryBudget> budget_;
  std::function<void(std::function<void()>)> post_;
};

/// How much memory all clients of all listeners may make the agent take at once. Each part is
/// reserved whole before it is used, so that nobody waits who has a part already: there is no
/// deadlock. Who waits is served in the order of coming, and not for ever. Parts that are large
/// take three quarters at most, and hold up none that is not. Who has a part and lets it be filled
/// slowly is asked to give it up as soon as somebody else waits. Belongs to the api thread, but for
/// the end of reservations.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  using Reservation = std::shared_ptr<MemoryReservation>;
  /// The reservation; nothing: there was no room in time.
  using Reserved = std::function<void(Reservation reservation)>;

  struct Options {
    std::uint64_t bytes = 0;
    std::chrono::milliseconds wait_max{};  ///< for room
    std::chrono::milliseconds hold_max{};  ///< by who may be asked to give way, while others wait
    /// Runs a job on the api thread, from any thread.
    std::function<void(std::function<void()> job)> post = {};
    /// The same after this time.
    std::function<void(std::chrono::milliseconds time, std::function<void()> job)> after = {};
    /// Whether the system has so much at this moment.
    std::function<bool(std::uint64_t bytes)> is_there = {};
  };
  [[nodiscard]] static std::shared_ptr<MemoryBudget> make(Options options);

  [[nodiscard]] std::uint64_t bytes() const { return options_.bytes; }
  [[nodiscard]] std::chrono::milliseconds wait_max() const { return options_.wait_max; }

  /// At once, or nothing. More than there may be is given to who is alone.
  [[nodiscard]] Reservation try_reserve(std::uint64_t bytes);
  /// Whether there is room or not: of what is there anyway.
  [[nodiscard]] Reservation reserve_anyway(std::uint64_t bytes);
  /// Calls `done` once and later: when there is room, or with nothing after wait_max(). The answer
  /// is for cancel().
  [[nodiscard]] std::uint64_t wait_for(std::uint64_t bytes, Reserved done);
  /// `done` is not called any more.
  void cancel(std::uint64_t wait);

  /// `give_way` is called once, should somebody wait while it is held for longer than hold_max.
  /// Empty: not any more.
  void may_give_way(const Reservation& reservation, std::function<void()> give_way);
  /// It is being used as it should be: its time begins again.
  void moved(const Reservation& reservation);
  /// Asks all those to give way that did not move for so long.
  void make_way(std::chrono::milliseconds quiet);

 private:
  using Clock = std::chrono::steady_clock;
  struct Part {
    std::uint64_t bytes = 0;
    Clock::time_point since = Clock::now();
    std::function<void()> give_way = {};
  };
  struct Wait {
    std::uint64_t id = 0;
    std::uint64_t bytes = 0;
    Reserved done;
  };
  friend class MemoryReservation;
  explicit MemoryBudget(Options options) : options_(std::move(options)) {}
  [[nodiscard]] bool is_large(std::uint64_t bytes) const { return bytes > options_.bytes / 16; }
  [[nodiscard]] bool has_room(std::uint64_t bytes) const;
  void release(std::uint64_t id);
  void serve();
  void expire(std::uint64_t wait);
  void look_again();

  Options options_;
  std::uint64_t used_ = 0;
  std::uint64_t used_by_large_ = 0;  ///< of them
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Part> parts_;
  std::deque<Wait> waits_;
  bool is_looking_ = false;
};

}  // namespace lanyard::agent
