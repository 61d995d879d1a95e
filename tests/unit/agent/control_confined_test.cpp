#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "agent/control/control_socket.hpp"
#include "agent/control/socket_address.hpp"
#include "confinement/call_filter.hpp"
#include "confinement/privacy.hpp"
#include "tests/unit/agent/temporary_folder.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using lanyard::agent::testing::TemporaryFolder;

namespace {

/// How many bytes a child of this process is answered; -1: it could not even ask.
int answered_to_a_child(const std::filesystem::path& path, bool is_confined) {
  const auto address = SocketAddress::of(path);
  REQUIRE(address);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_ready =
        !is_confined ||
        (confinement::keep_private() && confinement::allow_only(confinement::CallSet::kMdnsDaemon));
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!is_ready || ::connect(socket, address->address(), address->size()) != 0) ::_exit(255);
    constexpr std::string_view kLine = "{\"id\":1,\"method\":\"agent.stop\",\"params\":{}}\n";
    static_cast<void>(::send(socket, kLine.data(), kLine.size(), MSG_NOSIGNAL));
    char answer[1024];
    const ssize_t got = ::recv(socket, answer, sizeof answer, 0);
    ::_exit(got > 0 ? static_cast<int>(std::min<ssize_t>(got, 254)) : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  return code == 255 ? -1 : code;
}

TEST_CASE("a discovery process is not served at the control socket, another child is") {
  if (!confinement::is_confinable_build()) return;
  const TemporaryFolder folder;
  const auto path = folder.path() / "agent.sock";
  auto opened = ControlSocket::open(path);
  REQUIRE(opened);
  std::atomic<int> asked{0};
  (*opened)->start([&asked](Request& /*request*/, const Reply& reply) {
    ++asked;
    reply.result("{}");
  });
  CHECK(answered_to_a_child(path, true) == 0);
  CHECK(asked == 0);
  CHECK(answered_to_a_child(path, false) > 0);
  CHECK(asked == 1);
  (*opened)->stop();
}

}  // namespace
