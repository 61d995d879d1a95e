#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "replication/types/result.hpp"

/// Which user of this machine has the other end of a loopback connection.
namespace lanyard::agent {

struct SocketOwner {
  enum class Kind : std::uint8_t {
    kUser,     ///< `uid` has it
    kGone,     ///< it was closed already: the system calls what is left of it root's
    kUnknown,  ///< the system does not say
  };
  Kind kind = Kind::kUnknown;
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;  ///< of the socket, as processes have it; no part of who it is
  friend bool operator==(const SocketOwner& left, const SocketOwner& right) {
    return left.kind == right.kind && left.uid == right.uid;
  }
};

/// Asks the kernel: by NETLINK sock_diag (sock_diag(7)), which finds one connection by its four
/// names, or where that cannot be had in /proc/net/tcp and tcp6 (proc(5)). Belongs to one thread.
class SocketOwners {
 public:
  SocketOwners();
  ~SocketOwners();
  SocketOwners(const SocketOwners&) = delete;
  SocketOwners& operator=(const SocketOwners&) = delete;

  /// `client`, `server`: the two ends of a TCP connection, IPv4 or IPv6.
  [[nodiscard]] SocketOwner owner_of(const sockaddr_storage& client,
                                     const sockaddr_storage& server);

 private:
  [[nodiscard]] std::optional<SocketOwner> ask_kernel(const sockaddr_storage& client,
                                                      const sockaddr_storage& server);
  int netlink_ = -1;
  bool has_answered_ = false;  ///< it knows connections: one that it does not know is none
  std::uint32_t asked_ = 0;
};

/// The owner as a table such as /proc/net/tcp has it; kGone where it has no such connection. Pure.
[[nodiscard]] SocketOwner owner_in(std::string_view table, const sockaddr_storage& client,
                                   const sockaddr_storage& server);

/// Users who may use the listeners of this agent, beside the one it runs as and root, who can read
/// its files anyway.
struct AllowedUsers {
  bool is_everybody = false;
  std::vector<std::uint32_t> uids = {};

  [[nodiscard]] bool has(std::uint32_t uid) const;
};
/// `names`: as api.users has them, names or numbers, "*" for everybody. kInvalidConfig for one that
/// this machine does not know.
[[nodiscard]] Result<AllowedUsers> allowed_users(const std::vector<std::string>& names);
/// "ann (1001)", or the number alone.
[[nodiscard]] std::string user_text(std::uint32_t uid);

}  // namespace lanyard::agent
