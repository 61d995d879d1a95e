#pragma once

#include <string>

#include "crypto/noise.hpp"
#include "crypto/secret.hpp"
#include "replication/ports.hpp"
#include "replication/types/result.hpp"

namespace lanyard::crypto {

/// What both sides of a pairing know or say openly before it begins.
struct CpaceContext {
  ByteView code;            ///< what a person typed: the nine digits; the draft's PRS
  ByteView session;         ///< the hash of the link's handshake; the draft's sid
  ByteView initiator_data;  ///< the joiner's device key; the draft's ADa
  ByteView responder_data;  ///< the other's; the draft's ADb
  ByteView channel;         ///< the draft's CI; empty for us
};

using CpaceShare = FixedBytes<struct CpaceShareTag, 32>;
using CpaceTag = FixedBytes<struct CpaceTagTag, 64>;

/// One side of CPace with ristretto255 and SHA-512, initiator and responder
/// (draft-irtf-cfrg-cpace): whoever listens learns nothing of the code, and whoever takes part in
/// it may try one code. Two that agree on the code and on all of the context end with one key,
/// which both must prove: before that is_confirmed() by the other side, nothing is known of it.
///   send share(); take(theirs); send tag(); is_confirmed(theirs)
class Cpace {
 public:
  /// `rng` is asked once, for 64 bytes.
  Cpace(Role role, const CpaceContext& context, Rng& rng);

  [[nodiscard]] const CpaceShare& share() const { return share_; }
  /// kUnauthenticated for anything that is not a point, or the neutral one, which would make a key
  /// that everybody knows.
  [[nodiscard]] Status take(const CpaceShare& theirs);

  // ---- once theirs is taken
  /// Proves to the other side that we have the key.
  [[nodiscard]] CpaceTag tag() const;
  /// Whether the other side has the same key: the same code, session and device keys. Takes as long
  /// for a wrong tag as for the right one.
  [[nodiscard]] bool is_confirmed(const CpaceTag& theirs) const;
  /// Six digits that two people compare: equal where the keys are, ours and not the draft's.
  /// Nothing rests on them, since tags prove more; they tell two pairings in one room apart.
  [[nodiscard]] std::string check() const;
  /// The draft's ISK. Nothing of it leaves the device; what derives from it does.
  [[nodiscard]] const Secret<64>& key() const { return key_; }

 private:
  [[nodiscard]] CpaceTag tag_over(const CpaceShare& share, ByteView data) const;

  Role role_;
  Bytes session_;
  Bytes own_data_;
  Bytes their_data_;
  Secret<32> scalar_;
  CpaceShare share_;
  CpaceShare their_share_;
  Secret<64> key_;
};

}  // namespace lanyard::crypto
