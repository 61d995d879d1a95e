#include "agent/socket_owner.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace lanyard::agent;

namespace {

sockaddr_storage socket_end(const char* ip, std::uint16_t port) {
  sockaddr_storage out{};
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (inet_pton(AF_INET, ip, &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&out, &four, sizeof four);
  } else {
    REQUIRE(inet_pton(AF_INET6, ip, &six.sin6_addr) == 1);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    std::memcpy(&out, &six, sizeof six);
  }
  return out;
}

constexpr auto kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1E50 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 "
    "111 1 0\n"
    "   1: 0100007F:C350 0100007F:1E50 01 00000000:00000000 00:00000000 00000000  1001        0 "
    "222 1 0\n"
    "   2: 0100007F:C351 0100007F:1E50 05 00000000:00000000 00:00000000 00000000     0        0 "
    "0 1 0\n"
    "   3: 00000000000000000000000001000000:C350 00000000000000000000000001000000:1E50 01 "
    "00000000:00000000 00:00000000 00000000  1002        0 333 1 0\n";

}  // namespace

TEST_CASE("the owner of a connection is that of its client's end in the table") {
  const auto server = socket_end("127.0.0.1", 7760);
  CHECK(owner_in(kTable, socket_end("127.0.0.1", 50'000), server) ==
        SocketOwner{SocketOwner::Kind::kUser, 1001});
  CHECK(owner_in(kTable, socket_end("::1", 50'000), socket_end("::1", 7760)) ==
        SocketOwner{SocketOwner::Kind::kUser, 1002});
}

TEST_CASE("what is left of a closed connection is nobody's, though the table says root") {
  const auto server = socket_end("127.0.0.1", 7760);
  CHECK(owner_in(kTable, socket_end("127.0.0.1", 50'001), server) ==
        SocketOwner{SocketOwner::Kind::kGone, 0});
  CHECK(owner_in(kTable, socket_end("127.0.0.1", 50'002), server) ==
        SocketOwner{SocketOwner::Kind::kGone, 0});
}

TEST_CASE("users are allowed by name, number or all of them; unknown names are refused") {
  CHECK(allowed_users({})->has(::geteuid()));
  CHECK(allowed_users({})->has(0));
  CHECK_FALSE(allowed_users({})->has(54'321));
  CHECK(allowed_users({"54321"})->has(54'321));
  CHECK(allowed_users({"root", "*"})->has(54'321));
  CHECK_FALSE(allowed_users({"no-such-user"}));
}
