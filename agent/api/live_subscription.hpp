#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/http_server.hpp"
#include "agent/api/live_backlog.hpp"

namespace lanyard::agent {

/// What a client of the live channel wants to hear of.
struct LiveWish {
  std::string id;  ///< the client's own name for it
  SpaceId space;
  std::string collection;  ///< empty: all of the space
  storage::Where where;
  std::optional<LiveCursor> cursor;  ///< what the client was told; nothing: a snapshot comes first
};

/// One subscription: tells of records as they are, in the order in which they changed, and of each
/// at least once; a record that changed twice may be told of once. The cursor of a frame is true
/// once that frame is told. A client that does not read is told nothing new until it has read, and
/// then what it missed (limits::kSocketQueueFull): of what waits, names alone are kept. Belongs to
/// the api thread.
class LiveSubscription : public std::enable_shared_from_this<LiveSubscription> {
 public:
  /// `room` outlives this. `may_hear`: asked before something is told; once it says no, nothing is
  /// told, and whoever made this ends it.
  LiveSubscription(ApiRoom& room, std::shared_ptr<SocketLine> line, LiveWish wish,
                   std::function<bool()> may_hear)
      : room_(room),
        line_(std::move(line)),
        wish_(std::move(wish)),
        may_hear_(std::move(may_hear)) {}
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
    kLive,      ///< told of each change as it comes, once the backlog is told
    kSnapshot,  ///< everything is being told, page by page, and changes beside it
    kBehind,    ///< changes went by that are not in the backlog
    kAsking,    ///< storage was asked which
    kEnded,
  };
  void on_touched(const SpaceId& space, const storage::Touched& touched);
  void go_on();
  void tell_backlog();
  void tell_beside(const storage::Touched& touched);
  [[nodiscard]] bool tell(const merge::RecordName& name, const std::string& cursor);
  void catch_up();
  void on_missed(Result<storage::Missed> missed);
  void begin_snapshot(bool is_resync);
  void next_page();
  [[nodiscard]] Result<storage::RecordPage> read_page();
  void tell_page(const storage::RecordPage& page, bool has_more);
  void fail(const Error& error);
  [[nodiscard]] bool is_full() const;

  ApiRoom& room_;
  std::shared_ptr<SocketLine> line_;
  LiveWish wish_;
  std::function<bool()> may_hear_;
  State state_ = State::kEnded;
  std::uint64_t watch_ = 0;
  LiveBacklog backlog_;
  /// One that missed too much is told everything again. Not before it was once told of everything:
  /// who reads slowly would be told from the beginning for ever.
  bool was_level_ = true;
  // While a snapshot is told.
  VectorClock at_start_;                  ///< what everybody is told of once it is whole
  bool has_missed_ = false;               ///< changes went by beside it
  std::vector<std::string> collections_;  ///< that are still to come, the present one last
  std::string page_;                      ///< where its next page begins
};

}  // namespace lanyard::agent
