#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/http_server.hpp"

namespace lanyard::agent {

/// What a client of the live channel wants to hear of.
struct LiveWish {
  std::string id;  ///< the client's own name for it
  SpaceId space;
  std::string collection;  ///< empty: all of the space
  storage::Where where;
  std::optional<VectorClock> cursor;  ///< what the client has seen; nothing: a snapshot comes first
};

/// One subscription: tells of records as they are, in the order in which they changed, and of each
/// at least once; a record that changed twice may be told of once. A client that does not read is
/// told nothing new until it has read, and then what it missed (limits::kSocketQueueFull): nothing
/// is buffered for it. Belongs to the api thread.
class LiveSubscription : public std::enable_shared_from_this<LiveSubscription> {
 public:
  /// `room` outlives this.
  LiveSubscription(ApiRoom& room, std::shared_ptr<SocketLine> line, LiveWish wish)
      : room_(room), line_(std::move(line)), wish_(std::move(wish)) {}
  ~LiveSubscription() { end(); }
  LiveSubscription(const LiveSubscription&) = delete;
  LiveSubscription& operator=(const LiveSubscription&) = delete;

  void start();
  void end();
  [[nodiscard]] const SpaceId& space() const { return wish_.space; }
  /// The client has taken everything that waited.
  void on_drained();

 private:
  enum class State : std::uint8_t {
    kLive,      ///< told of each change as it comes
    kSnapshot,  ///< everything is being told, page by page, and changes beside it
    kBehind,    ///< changes went by untold
    kAsking,    ///< storage was asked which
    kEnded,
  };
  void on_touched(const SpaceId& space, const storage::Touched& touched);
  void tell(const storage::Touched& touched);
  void catch_up();
  void on_missed(const Result<storage::Touched>& missed);
  void begin_snapshot(bool is_resync);
  void next_page();
  void fail(const Error& error);
  [[nodiscard]] bool is_full() const;

  ApiRoom& room_;
  std::shared_ptr<SocketLine> line_;
  LiveWish wish_;
  State state_ = State::kEnded;
  std::uint64_t watch_ = 0;
  VectorClock seen_;  ///< what the client has been told of; of a snapshot, once it is whole
  // While a snapshot is told.
  bool has_missed_ = false;               ///< changes went by beside it
  std::vector<std::string> collections_;  ///< that are still to come, the present one last
  std::string page_;                      ///< where its next page begins
};

}  // namespace lanyard::agent
