#pragma once

#include <string>
#include <string_view>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// A QR code (ISO/IEC 18004, error correction level M) of a short text, drawn with half blocks: two
/// rows of it in each line, dark on light whatever colours the terminal has, with the quiet zone
/// that cameras need. kTooLarge for a text that does not fit.
[[nodiscard]] Result<std::string> qr_code(const std::string& text);

/// What a pairing's QR code says: "lanyard:482913057", and "@host:port" behind it if there is an
/// address. A camera, or a person who pastes it, needs nothing else.
[[nodiscard]] std::string pairing_link(std::string_view digits, std::string_view address);
struct PairingLinkText {
  std::string code;
  std::string address;  ///< may be empty
};
/// The reverse; a text that is no such link is the code itself.
[[nodiscard]] PairingLinkText read_pairing_link(const std::string& text);

/// An IPv4 address of this machine in its network, without a port: what a neighbour may try. Empty
/// if there is none.
[[nodiscard]] std::string own_address();

}  // namespace lanyard::agent
