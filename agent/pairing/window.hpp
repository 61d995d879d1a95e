#pragma once

#include <optional>

#include "crypto/pairing_code.hpp"
#include "discovery/dial_plan.hpp"

namespace lanyard::agent {

/// The time in which a device lets another one pair with it: opened by a person here, closed by a
/// right guess, after three codes, or after five minutes. One code is one guess. Pure: it is told
/// the time, and chance comes from the Rng.
class PairingWindow {
 public:
  struct Offer {
    crypto::PairingCode code;
    std::uint64_t serial = 0;  ///< no two codes have the same, in the life of this window
    int codes_left = 0;        ///< this one counted
    discovery::Tick until{0};
  };

  explicit PairingWindow(Rng& rng) : rng_(rng) {}

  /// A fresh code, and the whole time again.
  void open(discovery::Tick now);
  void close() { offer_.reset(); }
  /// What may be guessed now.
  [[nodiscard]] const std::optional<Offer>& offer(discovery::Tick now);

  enum class Guess {
    kRight,  ///< the window is closed: it has done what it was opened for
    kWrong,  ///< the code is used up; there is another one, or the window is closed
    kVoid,   ///< its code is not the one that is offered: nothing was used up
  };
  /// A device has tried the code of this serial.
  [[nodiscard]] Guess guess(std::uint64_t serial, bool is_right, discovery::Tick now);

 private:
  Rng& rng_;
  std::optional<Offer> offer_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace lanyard::agent
