#include "agent/access/origin.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "agent/ascii_text.hpp"
#include "discovery/ip_address.hpp"

namespace lanyard::agent {
namespace {

constexpr int kPortMax = 65'535;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, 2.3.4, without the root's dot

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax || host.front() == '.') return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || is_lower(c) || c == '-' || c == '.' || c == '_';
  });
}

/// An IPv6 address between brackets, in its one spelling.
bool is_v6(std::string_view host) {
  if (host.size() < 2 || !host.starts_with('[') || !host.ends_with(']')) return false;
  const std::string inside(host.substr(1, host.size() - 2));
  const auto address = discovery::IpAddress::parse(inside);
  return address && address->is_v6() && address->text() == inside;
}

bool is_port(std::string_view port, int default_port) {
  if (port.empty() || port.size() > 5 || port.front() == '0') return false;
  if (!std::all_of(port.begin(), port.end(), is_digit)) return false;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  return number <= kPortMax && number != default_port;
}

/// Host and port, as the web has them.
bool is_web_place(std::string_view place, bool is_https) {
  const std::size_t bracket = place.rfind(']');
  const std::size_t colon = place.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    if (!is_port(place.substr(colon + 1), is_https ? 443 : 80)) return false;
    place = place.substr(0, colon);
  }
  return is_name(place) || is_v6(place);
}

/// RFC 3986, 3.1; but for those that belong to nobody.
bool is_shell_scheme(std::string_view scheme) {
  constexpr auto kAnybodys = std::to_array<std::string_view>(
      {"file", "filesystem", "data", "blob", "about", "javascript", "ws", "wss", "ftp"});
  if (std::find(kAnybodys.begin(), kAnybodys.end(), scheme) != kAnybodys.end()) return false;
  return !scheme.empty() && is_lower(scheme.front()) &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) {
           return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_shell_place(std::string_view place) {
  const std::size_t colon = place.find(':');
  if (colon != std::string_view::npos && !is_port(place.substr(colon + 1), 0)) return false;
  const std::string_view host = place.substr(0, colon);
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || is_lower(lower(c)) || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool is_origin(std::string_view text) {
  if (text.size() > kOriginBytesMax) return false;
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, end);
  const std::string_view place = text.substr(end + 3);
  if (scheme == "http" || scheme == "https") return is_web_place(place, scheme == "https");
  return is_shell_scheme(scheme) && is_shell_place(place);
}

Status check_origin(std::string_view text) {
  if (is_origin(text)) return {};
  return fail(Code::kUsage, "\"" + std::string(text) + "\" is not an origin as browsers send it",
              "Give scheme, host and port of the page and nothing behind them, in small letters: "
              "http://localhost:5173. Of a desktop shell or an extension: tauri://localhost");
}

}  // namespace lanyard::agent
