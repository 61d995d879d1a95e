#include "agent/lookup/proc_folder.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace lanyard::agent {
namespace {

/// Of all processes together: whoever has many of them cannot keep the others waiting for long.
constexpr std::size_t kDescriptorsSeenOfAllMax = 1'000'000;

/// Calls `look` with each name until it says false. By the kernel's own calls: those of the C
/// library look at files too, which this process has no right to (CallSet::kLookup).
template <class Look>
void each_name(const std::string& folder, Look look) {
  constexpr long kListed = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const long opened = ::syscall(SYS_openat, AT_FDCWD, folder.c_str(), kListed, 0L);
  if (opened < 0) return;
  const int descriptor = static_cast<int>(opened);
  // linux_dirent64 of getdents64(2): inode, offset, length, kind, name.
  constexpr std::size_t kLengthAt = 16;
  constexpr std::size_t kNameAt = 19;
  alignas(8) std::array<char, 8192> names{};
  for (bool goes_on = true; goes_on;) {
    const long size = ::syscall(SYS_getdents64, descriptor, names.data(), names.size());
    if (size <= 0) break;
    for (std::size_t at = 0; goes_on && at + kNameAt < static_cast<std::size_t>(size);) {
      std::uint16_t length = 0;
      std::memcpy(&length, names.data() + at + kLengthAt, sizeof length);
      goes_on = look(std::string_view(names.data() + at + kNameAt));
      at += length;
    }
  }
  ::close(descriptor);
}

/// Empty if it cannot be told.
std::string link_at(const std::string& place) {
  std::string out(kProgramBytesMax, '\0');
  const ssize_t size = ::readlink(place.c_str(), out.data(), out.size());
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}

/// Of "socket:[4711]"; 0: it is something else.
std::uint64_t socket_in(std::string_view link) {
  constexpr std::string_view kBegin = "socket:[";
  std::uint64_t out = 0;
  if (link.starts_with(kBegin))
    std::from_chars(link.data() + kBegin.size(), link.data() + link.size(), out);
  return out;
}

std::string program_at(const std::string& process) {
  std::string file = link_at(process + "/exe");
  constexpr std::string_view kDeleted = " (deleted)";
  if (file.ends_with(kDeleted)) file.resize(file.size() - kDeleted.size());
  return file;
}

void add_holder(LookupAnswer& answer, pid_t process, const std::string& folder) {
  if (answer.process == process) return;  // which has it twice
  const std::string program = program_at(folder);
  if (answer.process == 0) {
    answer.process = process;
    answer.program = program;
  } else if (program != answer.program && (answer.others == 0 || program != answer.other)) {
    if (++answer.others == 1) answer.other = program;
    answer.others = std::min<std::uint64_t>(answer.others, 2);
  }
}

/// False: there was more than could be looked at.
bool look_at(pid_t process, std::vector<LookupAnswer>& answers, std::size_t most,
             std::size_t& seen_of_all) {
  const std::string folder = "/proc/" + std::to_string(process);
  const std::string descriptors = folder + "/fd/";
  std::array<char, 64> link{};  // longer than any socket's name
  std::size_t seen = 0;
  each_name(descriptors, [&](std::string_view number) {
    if (number.starts_with('.')) return true;
    if (++seen > most) return false;
    const ssize_t size =
        ::readlink((descriptors + std::string(number)).c_str(), link.data(), link.size());
    if (size <= 0) return true;
    const auto socket = socket_in(std::string_view(link.data(), static_cast<std::size_t>(size)));
    for (LookupAnswer& each : answers)
      if (socket != 0 && each.socket == socket) add_holder(each, process, folder);
    return true;
  });
  seen_of_all += seen;
  return seen <= most;
}

}  // namespace

std::vector<LookupAnswer> processes_with_sockets(const std::vector<std::uint64_t>& sockets,
                                                 std::size_t most) {
  std::vector<LookupAnswer> out;
  for (const std::uint64_t socket : sockets) out.push_back({0, socket});
  std::size_t seen = 0;
  pid_t crowded = 0;
  each_name("/proc", [&](std::string_view number) {
    pid_t process = 0;
    const auto end = std::from_chars(number.data(), number.data() + number.size(), process);
    if (end.ec != std::errc() || end.ptr != number.data() + number.size()) return true;
    if (!look_at(process, out, most, seen)) crowded = process;
    return seen <= kDescriptorsSeenOfAllMax;
  });
  for (LookupAnswer& each : out) each.crowded = crowded;
  return out;
}

}  // namespace lanyard::agent
