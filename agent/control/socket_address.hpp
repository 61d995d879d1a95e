#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// A Unix socket's address for a path of any length: what does not fit into sun_path is reached
/// through a descriptor of its folder (/proc/self/fd/N/name), which this keeps open.
class SocketAddress {
 public:
  [[nodiscard]] static Result<SocketAddress> of(const std::filesystem::path& socket);
  SocketAddress(SocketAddress&& other) noexcept;
  SocketAddress& operator=(SocketAddress&&) = delete;
  ~SocketAddress();

  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  [[nodiscard]] socklen_t size() const { return sizeof address_; }
  /// The path as it stands in the address.
  [[nodiscard]] const char* path() const { return address_.sun_path; }

 private:
  SocketAddress() = default;
  sockaddr_un address_{};
  int folder_ = -1;
};

}  // namespace lanyard::agent
