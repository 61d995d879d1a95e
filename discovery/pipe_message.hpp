#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "discovery/interface_filter.hpp"
#include "discovery/sighting.hpp"

/// What the agent and its discovery children say to each other over socket pairs: values, each in
/// canonical msgpack behind 2 bytes of length (big-endian). Both ends are of one build, so nothing
/// here has a version. A child reads what anybody on the network sends and may be taken over by
/// it: the agent believes none of its lengths, counts or texts. Pure.
namespace lanyard::discovery {

inline constexpr std::size_t kInterfacesMax = 64;
inline constexpr std::size_t kAddressesPerInterfaceMax = 16;
inline constexpr std::size_t kInterfaceNameBytesMax = 15;
inline constexpr std::size_t kTroubleBytesMax = 200;
/// One message to the agent: names and an address; half a kilobyte is twice what is needed.
inline constexpr std::size_t kToAgentBytesMax = 512;
/// One message to the child: every interface with every address.
inline constexpr std::size_t kToChildBytesMax = 32 * 1024;
static_assert(kInterfacesMax * (kAddressesPerInterfaceMax * 18 + kInterfaceNameBytesMax + 12) +
                  1024 <=
              kToChildBytesMax);

/// The two ways to speak mDNS, of which one is used at a time. Each has a child process of its own.
enum class Backend : std::uint8_t { kDaemon, kEmbedded };
inline constexpr std::array kBackends = {Backend::kDaemon, Backend::kEmbedded};

/// To the child: what it is to do, whole. It makes the difference to what it does now.
struct Orders {
  /// 0: say only whether you could announce and browse. Else do so: it is the how manyth time that
  /// you are chosen, and with another number you begin anew, also if you never heard that for a
  /// while it was not you.
  std::uint64_t turn = 0;
  std::string instance;    ///< random; a label of DNS
  std::string host;        ///< random; a label of DNS, without ".local"
  std::uint16_t port = 0;  ///< 0: nothing is announced
  ServiceText text;
  std::vector<Interface> interfaces;  ///< to be used; no others
  friend bool operator==(const Orders&, const Orders&) = default;
};

enum class Readiness : std::uint8_t {
  kNotThere,  ///< the daemon does not run, or the library is not installed; `trouble` says which
  kSilent,    ///< the daemon runs and does not answer
  kAsking,    ///< about to make calls to the daemon that may take long
  kReady,     ///< it may be used, or is
};

/// To the agent, once a second and at every change: what the child is doing. Its silence means that
/// it hangs.
struct Report {
  Readiness readiness = Readiness::kNotThere;
  bool is_announced = false;
  std::string trouble;  ///< for people, without a full stop; empty: all is well
  friend bool operator==(const Report&, const Report&) = default;
};

/// To the agent: somebody else has the instance or host name. Choose others.
struct Collided {
  friend bool operator==(const Collided&, const Collided&) = default;
};

/// To the agent: a service is gone.
struct Lost {
  SightingKey key;
  friend bool operator==(const Lost&, const Lost&) = default;
};

using ChildMessage = std::variant<Report, Collided, Sighting, Lost>;

/// With its length in front.
[[nodiscard]] Bytes encode(const Orders& orders);
[[nodiscard]] Bytes encode(const ChildMessage& message);
/// Without its length. kMalformed for anything that the other side would not send.
[[nodiscard]] Result<Orders> decode_orders(ByteView bytes);
[[nodiscard]] Result<ChildMessage> decode_child_message(ByteView bytes);

/// Cuts a stream of bytes into messages.
class PipeFrames {
 public:
  explicit PipeFrames(std::size_t message_bytes_max) : max_(message_bytes_max) {}

  void add(ByteView bytes) { append(buffer_, bytes); }
  /// The next whole message, or nothing yet. kTooLarge for a length that nobody sends: the stream
  /// is of no use from there on.
  [[nodiscard]] Result<std::optional<Bytes>> next();

 private:
  std::size_t max_;
  Bytes buffer_;
};

}  // namespace lanyard::discovery
