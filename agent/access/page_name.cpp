#include "agent/access/page_name.hpp"

#include <algorithm>
#include <array>

namespace lanyard::agent {
namespace {

constexpr std::string_view kBegins = "lanyard-";
constexpr std::string_view kEnds = ".localhost";
constexpr std::size_t kRandomBytes = 16;

}  // namespace

std::string make_page_name(Rng& rng) {
  std::array<std::uint8_t, kRandomBytes> random{};
  rng.fill(random);
  return std::string(kBegins) + to_hex(random) + std::string(kEnds);
}

bool is_page_name(std::string_view host) {
  if (!host.starts_with(kBegins) || !host.ends_with(kEnds)) return false;
  if (host.size() != kBegins.size() + 2 * kRandomBytes + kEnds.size()) return false;
  const std::string_view digits = host.substr(kBegins.size(), 2 * kRandomBytes);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace lanyard::agent
