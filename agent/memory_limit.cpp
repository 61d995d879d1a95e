#include "agent/memory_limit.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::uint64_t kLeastShare = limits::kMiB;

std::string whole_file(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// "max", and what the first version has for it, a number beyond all memory, are no limits.
std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_limit = end.ec == std::errc() && number < (std::uint64_t{1} << 60U);
  return is_limit ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> group_limit() {
  std::optional<std::uint64_t> out;
  for (const std::string& file : group_limit_files(whole_file("/proc/self/cgroup")))
    if (const auto limit = number_in(whole_file(file)))
      out = std::min(out.value_or(*limit), *limit);
  return out;
}

/// `taken`: the line of /proc/self/status that says it, in kB (proc(5)).
std::optional<std::uint64_t> left_of(int resource, std::string_view taken) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return std::nullopt;
  if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const std::string status = whole_file("/proc/self/status");
  const std::size_t line = status.find(taken);
  if (line == std::string::npos) return limit.rlim_cur;
  const std::size_t number = status.find_first_of("0123456789", line);
  const std::uint64_t used =
      number_in(std::string_view(status).substr(std::min(number, status.size()))).value_or(0) *
      limits::kKiB;
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

std::optional<std::uint64_t> machine_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long size = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size);
}

}  // namespace

MemoryLimits memory_limits() {
  return {machine_memory(), group_limit(), left_of(RLIMIT_AS, "\nVmSize:"),
          left_of(RLIMIT_DATA, "\nVmData:")};
}

std::uint64_t share_of_memory(const MemoryLimits& limits, std::uint64_t most) {
  std::uint64_t out = most;
  for (const auto& shared : {limits.machine, limits.group})
    if (shared) out = std::min(out, *shared / 4);
  for (const auto& own : {limits.address_space, limits.writable_private})
    if (own) out = std::min(out, *own / 2);
  return std::max(out, kLeastShare);
}

std::vector<std::string> group_limit_files(std::string_view lines) {
  std::vector<std::string> out;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines = end == std::string_view::npos ? std::string_view() : lines.substr(end + 1);
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', std::min(first, line.size()) + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_second_version = controllers.empty();
    if (!is_second_version && controllers != "memory") continue;
    const std::string root = is_second_version ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string name = is_second_version ? "/memory.max" : "/memory.limit_in_bytes";
    // Inside a container the path may be one of outside of it: its own group is the root then.
    for (std::string path(line.substr(second + 1)); !path.empty() && path != "/";
         path.resize(path.rfind('/')))
      out.push_back(root + path + name);
    out.push_back(root + name);
  }
  return out;
}

bool is_memory_there(std::uint64_t bytes) {
  void* const got = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) return false;
  ::munmap(got, bytes);
  return true;
}

}  // namespace lanyard::agent
