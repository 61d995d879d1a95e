#include "agent/pairing/window.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::agent {

void PairingWindow::open(discovery::Tick now) {
  offer_ = Offer{crypto::PairingCode::random(rng_), ++last_serial_, limits::kPairCodes,
                 now + limits::kPairWindow};
}

const std::optional<PairingWindow::Offer>& PairingWindow::offer(discovery::Tick now) {
  if (offer_ && now >= offer_->until) close();
  return offer_;
}

PairingWindow::Guess PairingWindow::guess(std::uint64_t serial, bool is_right,
                                          discovery::Tick now) {
  // Drawn in any case: how long this takes does not tell whether there is a window.
  const crypto::PairingCode next = crypto::PairingCode::random(rng_);
  const auto& now_offered = offer(now);
  if (!now_offered || now_offered->serial != serial) return Guess::kVoid;
  if (is_right) {
    close();
    return Guess::kRight;
  }
  const int left = now_offered->codes_left - 1;
  const discovery::Tick until = now_offered->until;
  close();
  if (left > 0) offer_ = Offer{next, ++last_serial_, left, until};
  return Guess::kWrong;
}

}  // namespace lanyard::agent
