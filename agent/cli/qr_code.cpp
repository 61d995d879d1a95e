// The only file that knows libqrencode.
#include "agent/cli/qr_code.hpp"

#include <qrencode.h>

#include <memory>

#include "discovery/local_network.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kLink = "lanyard:";
/// Light modules around the code; the standard asks for four.
constexpr int kQuietZone = 4;

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

bool is_dark(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return false;
  return (code.data[y * code.width + x] & 1) != 0;
}

}  // namespace

Result<std::string> qr_code(const std::string& text) {
  const std::unique_ptr<QRcode, FreeCode> code(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1));
  if (!code) return fail(Code::kTooLarge, "the text does not fit into a QR code");
  // Black on white, so that no theme turns it inside out.
  constexpr std::string_view kBegin = "\x1B[30;107m";
  constexpr std::string_view kEnd = "\x1B[0m";
  std::string out;
  for (int y = -kQuietZone; y < code->width + kQuietZone; y += 2) {
    out += kBegin;
    for (int x = -kQuietZone; x < code->width + kQuietZone; ++x) {
      const bool upper = is_dark(*code, x, y);
      const bool lower = is_dark(*code, x, y + 1);
      out += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    out += kEnd;
    out += '\n';
  }
  return out;
}

std::string pairing_link(std::string_view digits, std::string_view address) {
  std::string link(kLink);
  link += digits;
  if (!address.empty()) link += "@" + std::string(address);
  return link;
}

PairingLinkText read_pairing_link(const std::string& text) {
  if (!text.starts_with(kLink)) return {text, {}};
  const std::string rest = text.substr(kLink.size());
  const std::size_t at = rest.find('@');
  if (at == std::string::npos) return {rest, {}};
  return {rest.substr(0, at), rest.substr(at + 1)};
}

std::string own_address() {
  for (const auto& interface :
       discovery::read_local_network(discovery::InterfaceFilter()).interfaces)
    for (const discovery::IpAddress& address : interface.addresses)
      if (!address.is_v6()) return address.text();
  return {};
}

}  // namespace lanyard::agent
