#pragma once

#include <deque>
#include <set>

#include "replication/wire/framing.hpp"
#include "tests/sim/report.hpp"
#include "tests/sim/schedule.hpp"
#include "tests/support/chance.hpp"

namespace lanyard::sim {

using DeviceNumber = std::size_t;

/// What the network tells a device.
class NetworkUser {
 public:
  virtual ~NetworkUser() = default;
  virtual void link_up(DeviceNumber device, engine::LinkId link, DeviceNumber peer) = 0;
  virtual void link_down(DeviceNumber device, engine::LinkId link) = 0;
  virtual void received(DeviceNumber device, engine::LinkId link, Bytes message) = 0;
};

/// Links that behave like TCP: bytes of one direction come in order, or the link ends; where it
/// ends is anywhere, and the two ends learn of it at different times, or one of them never.
/// Messages are framed as on a real link; sealing is left out, but its bytes are not.
class Network {
 public:
  /// More than this under way in one direction means that credit does not bind.
  static constexpr std::size_t kUnderWayMax = 8 * 1024 * 1024;

  Network(Schedule& schedule, support::Chance& chance, NetworkUser& user, Report& report)
      : schedule_(schedule), chance_(chance), user_(user), report_(report) {}

  void connect(DeviceNumber a, DeviceNumber b);
  void send(engine::LinkId link, const Bytes& message);
  /// This end closes the link; what it said before still arrives.
  void close(engine::LinkId link);
  /// Both ends learn of it, or only one does (a half-open link).
  void cut(engine::LinkId link, bool half_open);
  /// The device is off: its ends are gone, what it said may still arrive.
  void switch_off(DeviceNumber device);

  void block(DeviceNumber from, DeviceNumber to) { blocked_.insert({from, to}); }
  void unblock(DeviceNumber from, DeviceNumber to);
  [[nodiscard]] bool is_blocked(DeviceNumber from, DeviceNumber to) const {
    return blocked_.contains({from, to});
  }
  /// Whether this device believes that it has a link to the other.
  [[nodiscard]] bool believes_linked(DeviceNumber device, DeviceNumber peer) const;
  /// Links of which both ends are up and that work.
  [[nodiscard]] std::vector<engine::LinkId> links() const;
  [[nodiscard]] std::size_t under_way_most() const { return under_way_most_; }
  /// What a device said on a link whose way is blocked: the most of one end.
  [[nodiscard]] std::size_t said_into_silence_most() const { return said_into_silence_most_; }

  /// One message in so many is lost; 0: none.
  std::size_t loss_one_in = 0;
  /// The longest delay of a pair, if it is not the usual one.
  std::map<std::pair<DeviceNumber, DeviceNumber>, Schedule::Milliseconds> slow;

 private:
  struct Segment {
    Bytes bytes;
    std::uint64_t number = 0;
    bool ends = false;
  };
  /// One end of a link, and the bytes on their way to it.
  struct End {
    DeviceNumber device = 0;
    engine::LinkId other;
    bool up = true;
    bool severed = false;  ///< nothing that is said from now on arrives
    std::deque<Segment> coming;
    std::size_t coming_bytes = 0;
    Schedule::Milliseconds last_arrival = 0;
    std::size_t kept_back = 0;  ///< bytes that came to the way while it was blocked
    Bytes read;                 ///< of a frame that is not whole yet
    wire::FrameJoin join;
  };

  End& end(engine::LinkId link) { return ends_.at(link); }
  void plan(engine::LinkId to, Segment segment);
  void arrive(engine::LinkId link);
  void read_frames(engine::LinkId link);
  /// Takes the tail of what is under way away, from any byte on.
  void truncate(End& end);

  Schedule& schedule_;
  support::Chance& chance_;
  NetworkUser& user_;
  Report& report_;
  std::map<engine::LinkId, End> ends_;
  std::set<std::pair<DeviceNumber, DeviceNumber>> blocked_;
  std::map<DeviceNumber, std::uint64_t> newest_;  ///< number of the newest message received
  std::uint64_t next_link_ = 1;
  std::uint64_t next_number_ = 1;
  std::size_t under_way_most_ = 0;
  std::size_t said_into_silence_most_ = 0;
};

}  // namespace lanyard::sim
