#include "agent/lookup/proc_folder.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace lanyard::agent {
namespace {

/// More are not looked at: somebody waits.
constexpr std::size_t kDescriptorsSeenMax = 50'000;

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

bool has_socket(const std::string& process, const std::string& name, std::size_t& seen) {
  bool out = false;
  const std::string folder = process + "/fd/";
  std::array<char, 64> link{};  // longer than any socket's name
  each_name(folder, [&](std::string_view number) {
    if (number.starts_with('.')) return true;
    if (++seen > kDescriptorsSeenMax) return false;
    const ssize_t size =
        ::readlink((folder + std::string(number)).c_str(), link.data(), link.size());
    out = size > 0 && std::string_view(link.data(), static_cast<std::size_t>(size)) == name;
    return !out;
  });
  return out;
}

std::string program_at(const std::string& process) {
  std::string file = link_at(process + "/exe");
  constexpr std::string_view kDeleted = " (deleted)";
  if (file.ends_with(kDeleted)) file.resize(file.size() - kDeleted.size());
  return file;
}

}  // namespace

LookupAnswer process_with_socket(std::uint64_t inode) {
  const std::string name = "socket:[" + std::to_string(inode) + "]";
  LookupAnswer out;
  std::size_t seen = 0;
  each_name("/proc", [&](std::string_view number) {
    pid_t process = 0;
    const auto end = std::from_chars(number.data(), number.data() + number.size(), process);
    if (end.ec != std::errc() || end.ptr != number.data() + number.size()) return true;
    const std::string folder = "/proc/" + std::string(number);
    if (!has_socket(folder, name, seen)) return seen <= kDescriptorsSeenMax;
    out.process = process;
    out.program = program_at(folder);
    return false;
  });
  return out;
}

}  // namespace lanyard::agent
