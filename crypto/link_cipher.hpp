#pragma once

#include "crypto/noise.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::crypto {

/// Seals and opens the frames of one authenticated link, in the order of the wire. A frame that was
/// changed, left out, repeated or moved does not open; after that nothing does: close the link.
class LinkCipher {
 public:
  /// Plain bytes of one frame: what is left of its 65,535 after the tag.
  static constexpr std::size_t kPlainBytesMax = limits::kFrameBytesMax - CipherState::kTagSize;

  LinkCipher(CipherState send, CipherState receive);

  /// `frame` becomes the sealed bytes of our next frame, without its length. kTooLarge for more
  /// than kPlainBytesMax, which seals nothing and harms nothing; kProtocol after 2^64 - 1 frames.
  [[nodiscard]] Status seal(ByteView plain, Bytes& frame);
  /// `plain` becomes what the other side sealed as its next frame, or nothing: kUnauthenticated if
  /// it did not, kProtocol after that.
  [[nodiscard]] Status open(ByteView frame, Bytes& plain);

 private:
  CipherState send_;
  CipherState receive_;
};

}  // namespace lanyard::crypto
