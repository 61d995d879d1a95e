#include "storage/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

namespace lanyard::storage {

std::size_t share_of_descriptors(std::size_t limit, std::size_t least, std::size_t most) {
  if (most <= least || limit >= kDescriptorsEnough) return most;
  const std::size_t beyond = std::max(limit, kDescriptorsMin) - kDescriptorsMin;
  return least + (most - least) * beyond / (kDescriptorsEnough - kDescriptorsMin);
}

std::size_t within_descriptors(std::size_t least, std::size_t most) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kDescriptorsEnough) return most;
  return share_of_descriptors(static_cast<std::size_t>(limit.rlim_cur), least, most);
}

bool is_out_of_descriptors(int number) { return number == EMFILE || number == ENFILE; }

}  // namespace lanyard::storage
