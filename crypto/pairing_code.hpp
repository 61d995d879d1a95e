#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "replication/ports.hpp"

namespace lanyard::crypto {

/// What one person reads on one screen and types on another: a number below 10^9, in two spellings.
/// Good for one guess. A secret until it was used: never logged, never in an error.
class PairingCode {
 public:
  /// Each of the 10^9 codes is as likely as any other.
  [[nodiscard]] static PairingCode random(Rng& rng);
  /// Nine digits, or three words, of which the beginnings do as long as they name one word. Any
  /// case, with dashes, dots, commas or blanks between. kUsage says what is wrong, and which word
  /// may have been meant: nothing was tried with it.
  [[nodiscard]] static Result<PairingCode> parse(std::string_view typed);

  /// Nine digits: what both sides put into CPace.
  [[nodiscard]] std::string digits() const;
  /// "copper-violin-ranch".
  [[nodiscard]] std::string words() const;

  friend bool operator==(const PairingCode&, const PairingCode&) = default;

 private:
  explicit PairingCode(std::uint32_t number) : number_(number) {}
  std::uint32_t number_;
};

}  // namespace lanyard::crypto
