#pragma once

#include <optional>
#include <vector>

#include "replication/types/bytes.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/result.hpp"

/// How messages lie in frames (docs/PROTOCOL.md). Pure: sealing and sockets are elsewhere.
///
///   on the wire  size (2 bytes, big-endian), then that many sealed bytes, at most 65,535
///   opened       mark (1 byte), then a part of a message
///     mark       0: more of this message follows; 1: this is its last part
///
/// All parts but the last are as long as they can be, and none is empty: a message has one spelling
/// in frames, and a flood of small parts is refused at the first of them.
namespace lanyard::wire {

/// Bytes that sealing a frame adds: the tag of ChaCha20-Poly1305.
inline constexpr std::size_t kFrameTagBytes = 16;
inline constexpr std::size_t kFramePlainBytesMax = limits::kFrameBytesMax - kFrameTagBytes;
inline constexpr std::size_t kFrameMarkBytes = 1;
/// Bytes of a message that fit into one frame.
inline constexpr std::size_t kFramePartBytesMax = kFramePlainBytesMax - kFrameMarkBytes;
/// What a frame costs beside its part of a message: size, tag and mark.
inline constexpr std::size_t kFrameOverheadBytes = 2 + kFrameTagBytes + kFrameMarkBytes;

/// A message as the plain bytes of its frames. It has 1 to limits::kMessageBytesMax bytes.
[[nodiscard]] std::vector<Bytes> split_frames(ByteView message);

/// Puts the messages of one direction of a link together again. Holds at most one message.
class FrameJoin {
 public:
  /// Takes the next opened frame: a whole message, or nothing as long as more follows. kMalformed
  /// for a frame that split_frames() does not make, kTooLarge as soon as a message is beyond
  /// `bytes_max`: close the link.
  [[nodiscard]] Result<std::optional<Bytes>> take(ByteView frame,
                                                  std::size_t bytes_max = limits::kMessageBytesMax);

  /// Bytes of an unfinished message.
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }

 private:
  Bytes pending_;
};

}  // namespace lanyard::wire
