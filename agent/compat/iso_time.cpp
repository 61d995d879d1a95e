#include "agent/compat/iso_time.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace lanyard::agent {
namespace {

constexpr std::int64_t kYear9999Ms = 253'402'300'799'999;

}  // namespace

std::string iso_time(std::int64_t ms) {
  const std::int64_t known = std::clamp<std::int64_t>(ms, 0, kYear9999Ms);
  const std::time_t seconds = known / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> out{};
  const std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string text(out.data(), size);
  const std::string fraction = std::to_string(1000 + known % 1000);
  return text + "." + fraction.substr(1) + "Z";
}

}  // namespace lanyard::agent
