#pragma once

#include <string>
#include <variant>

#include "crypto/cpace.hpp"

/// What two devices say to each other while they are paired, inside a secured link between devices
/// that need not know each other (docs/PROTOCOL.md, Pairing). The joiner, on which the code is
/// typed, dialled:
///   joiner  share                   host  share
///   joiner  tag                     host  welcome: its tag, and who it is
///   joiner  accept: who it is       host  done
/// After a wrong tag the host says nothing more: it closes the link.
namespace lanyard::agent {

/// The space called `default` of one side.
struct DefaultSpace {
  SpaceId id;
  bool is_shared = false;  ///< it has other members than this device
  friend bool operator==(const DefaultSpace&, const DefaultSpace&) = default;
};

/// What one side tells of itself, to one that has proven to know the code.
struct PairingFacts {
  std::string name;             ///< the device's own: text from a peer, at most kNameBytesMax
  std::uint16_t sync_port = 0;  ///< where it listens
  DefaultSpace home;
  friend bool operator==(const PairingFacts&, const PairingFacts&) = default;
};

/// Which of two devices gives up its `default` space, so that both have one.
enum class DefaultPlan : std::uint8_t {
  kSame = 0,         ///< it is one already
  kJoinerMoves = 1,  ///< the joiner takes what it has into the host's
  kHostMoves = 2,
  kBothStay = 3,  ///< both are shared with others: nobody's is given up
};
/// Both sides come to the same.
[[nodiscard]] DefaultPlan plan_defaults(const DefaultSpace& joiner, const DefaultSpace& host);

struct PairShare {
  crypto::CpaceShare share;
  friend bool operator==(const PairShare&, const PairShare&) = default;
};
struct PairTag {
  crypto::CpaceTag tag;
  friend bool operator==(const PairTag&, const PairTag&) = default;
};
struct PairWelcome {
  crypto::CpaceTag tag;
  PairingFacts facts;
  friend bool operator==(const PairWelcome&, const PairWelcome&) = default;
};
struct PairAccept {
  PairingFacts facts;
  friend bool operator==(const PairAccept&, const PairAccept&) = default;
};
struct PairDone {
  friend bool operator==(const PairDone&, const PairDone&) = default;
};
using PairingMessage = std::variant<PairShare, PairTag, PairWelcome, PairAccept, PairDone>;

/// A canonical msgpack array that begins with the message's number, from 1.
[[nodiscard]] Bytes encode(const PairingMessage& message);
/// kMalformed for anything else than encode() gives.
[[nodiscard]] Result<PairingMessage> decode_pairing(ByteView bytes);

}  // namespace lanyard::agent
