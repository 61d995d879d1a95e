#include "agent/socket_owner.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace lanyard::agent {
namespace {

constexpr std::size_t kAnswerMax = 4096;

/// An end of a connection as the kernel's structures have it: 16 bytes of address, network order.
struct SocketEnd {
  std::array<std::uint32_t, 4> words{};
  std::size_t count = 1;
  std::uint16_t port = 0;  ///< network order
};

SocketEnd end_of(const sockaddr_storage& address) {
  SocketEnd out;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    std::memcpy(out.words.data(), &six.sin6_addr, 16);
    out.count = 4;
    out.port = six.sin6_port;
  } else {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    std::memcpy(out.words.data(), &four.sin_addr, 4);
    out.port = four.sin_port;
  }
  return out;
}

/// "0100007F:1F90": words as the machine's own numbers, the port as it is read.
std::string table_text(const SocketEnd& end) {
  std::string out;
  std::array<char, 16> text{};
  for (std::size_t at = 0; at < end.count; ++at) {
    std::snprintf(text.data(), text.size(), "%08X", end.words[at]);
    out += text.data();
  }
  std::snprintf(text.data(), text.size(), ":%04X", ntohs(end.port));
  return out + text.data();
}

/// What is left of a closed connection has no inode, and says the uid 0.
SocketOwner owner_with(std::uint32_t uid, std::uint64_t inode) {
  if (inode == 0) return {SocketOwner::Kind::kGone};
  return {SocketOwner::Kind::kUser, uid, inode};
}

std::optional<std::uint32_t> uid_of(const std::string& name) {
  std::uint32_t number = 0;
  const auto end = std::from_chars(name.data(), name.data() + name.size(), number);
  if (end.ec == std::errc() && end.ptr == name.data() + name.size()) return number;
  std::array<char, 16 * 1024> memory{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found);
  return found != nullptr ? std::optional(found->pw_uid) : std::nullopt;
}

}  // namespace

SocketOwners::SocketOwners()
    : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {
  // The kernel answers while it is asked; nothing is waited for in earnest.
  const timeval within{1, 0};
  if (netlink_ >= 0) ::setsockopt(netlink_, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof within);
}

SocketOwners::~SocketOwners() {
  if (netlink_ >= 0) ::close(netlink_);
}

std::optional<SocketOwner> SocketOwners::ask_kernel(const sockaddr_storage& client,
                                                    const sockaddr_storage& server) {
  if (netlink_ < 0) return std::nullopt;
  struct {
    nlmsghdr head{};
    inet_diag_req_v2 ask{};
  } question;
  const SocketEnd from = end_of(client);
  const SocketEnd to = end_of(server);
  question.head = {sizeof question, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, ++asked_, 0};
  question.ask.sdiag_family = static_cast<__u8>(client.ss_family);
  question.ask.sdiag_protocol = IPPROTO_TCP;
  question.ask.idiag_states = ~__u32{0};
  question.ask.id.idiag_sport = from.port;
  question.ask.id.idiag_dport = to.port;
  std::memcpy(question.ask.id.idiag_src, from.words.data(), 16);
  std::memcpy(question.ask.id.idiag_dst, to.words.data(), 16);
  question.ask.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  question.ask.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (::send(netlink_, &question, sizeof question, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) std::array<char, kAnswerMax> bytes{};
  for (;;) {
    const ssize_t size = ::recv(netlink_, bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
    nlmsghdr head{};
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nlmsg_seq != asked_) continue;  // an answer that came too late
    if (head.nlmsg_type == NLMSG_ERROR) {
      nlmsgerr error{};
      std::memcpy(&error, bytes.data() + NLMSG_HDRLEN, sizeof error.error);
      // A kernel that has nobody to answer about TCP says the same.
      if (error.error == -ENOENT && has_answered_) return SocketOwner{SocketOwner::Kind::kGone};
      return std::nullopt;
    }
    if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(inet_diag_msg))) return std::nullopt;
    inet_diag_msg found{};
    std::memcpy(&found, bytes.data() + NLMSG_HDRLEN, sizeof found);
    has_answered_ = true;
    // Where the connection is gone, whoever listens on its port is named in its place.
    if (found.id.idiag_dport != to.port) return SocketOwner{SocketOwner::Kind::kGone};
    return owner_with(found.idiag_uid, found.idiag_inode);
  }
}

SocketOwner SocketOwners::owner_of(const sockaddr_storage& client, const sockaddr_storage& server) {
  if (const auto owner = ask_kernel(client, server)) return *owner;
  std::ifstream in(client.ss_family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp");
  if (!in) return {};
  const std::string table{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return owner_in(table, client, server);
}

SocketOwner owner_in(std::string_view table, const sockaddr_storage& client,
                     const sockaddr_storage& server) {
  const std::string from = table_text(end_of(client));
  const std::string to = table_text(end_of(server));
  const std::size_t line = table.find(" " + from + " " + to + " ");
  if (line == std::string_view::npos) return {SocketOwner::Kind::kGone};
  std::istringstream fields(std::string(table.substr(line, 300)));
  std::string ignored;
  std::uint32_t uid = 0;
  std::uint64_t inode = 0;
  // local, remote, state, queues, timer, retransmits; uid, timeout, inode
  for (int i = 0; i < 6; ++i) fields >> ignored;
  fields >> uid >> ignored >> inode;
  return fields ? owner_with(uid, inode) : SocketOwner();
}

bool AllowedUsers::has(std::uint32_t uid) const {
  return is_everybody || uid == ::geteuid() || uid == 0 ||
         std::find(uids.begin(), uids.end(), uid) != uids.end();
}

Result<AllowedUsers> allowed_users(const std::vector<std::string>& names) {
  AllowedUsers out;
  for (const std::string& name : names) {
    const auto uid = uid_of(name);
    if (name == "*") {
      out.is_everybody = true;
    } else if (uid) {
      out.uids.push_back(*uid);
    } else {
      return fail(Code::kInvalidConfig, "api.users: there is no user \"" + name + "\" here",
                  "Give names or numbers of users of this machine (getent passwd), or \"*\" for "
                  "all of them.");
    }
  }
  return out;
}

std::string user_text(std::uint32_t uid) {
  std::array<char, 16 * 1024> memory{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, memory.data(), memory.size(), &found);
  const std::string number = std::to_string(uid);
  return found != nullptr ? std::string(entry.pw_name) + " (" + number + ")" : number;
}

}  // namespace lanyard::agent
