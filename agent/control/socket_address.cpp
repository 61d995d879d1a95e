#include "agent/control/socket_address.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lanyard::agent {

Result<SocketAddress> SocketAddress::of(const std::filesystem::path& socket) {
  SocketAddress out;
  out.address_.sun_family = AF_UNIX;
  std::string path = socket.string();
  if (path.size() >= sizeof out.address_.sun_path) {
    out.folder_ = open(socket.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out.folder_ < 0)
      return fail(Code::kNotFound,
                  socket.parent_path().string() + ": " + std::generic_category().message(errno));
    path = "/proc/self/fd/" + std::to_string(out.folder_) + "/" + socket.filename().string();
  }
  if (path.size() >= sizeof out.address_.sun_path)
    return fail(Code::kInvalidConfig, "the name of the socket is too long");
  std::copy(path.begin(), path.end(), out.address_.sun_path);
  return out;
}

SocketAddress::SocketAddress(SocketAddress&& other) noexcept
    : address_(other.address_), folder_(std::exchange(other.folder_, -1)) {}

SocketAddress::~SocketAddress() {
  if (folder_ >= 0) close(folder_);
}

}  // namespace lanyard::agent
