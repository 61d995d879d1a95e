// What a thread pays for TCP alone: answers each whole HTTP request with the same few bytes, and
// looks at nothing in it. The limit that a local API's thread is measured against.
//   bench_answers    prints the port on loopback, and answers until its standard input ends
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <stdexcept>

#include "bench/http_client.hpp"

namespace lanyard::bench {
namespace {

/// As long as what an agent answers to a write.
std::string an_answer() {
  const std::string body(220, ' ');
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Answers {
 public:
  Answers() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    check(bind(listener_, any, size) == 0 && listen(listener_, SOMAXCONN) == 0 &&
              getsockname(listener_, any, &size) == 0,
          "cannot listen on loopback");
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    watch(listener_);
    watch(STDIN_FILENO);
  }

  void run() {
    epoll_event ready[64];
    while (true) {
      const int count = epoll_wait(poll_, ready, 64, -1);
      check(count > 0, "cannot wait");
      for (int i = 0; i < count; ++i) {
        const int from = ready[i].data.fd;
        if (from == STDIN_FILENO) return;
        if (from == listener_) {
          take();
        } else {
          hear(from);
        }
      }
    }
  }

 private:
  void watch(int socket) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    check(epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event) == 0, "cannot watch a socket");
  }

  void take() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    check(client >= 0, "cannot accept");
    const int on = 1;
    check(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    watch(client);
  }

  void hear(int client) {
    const ssize_t got = read(client, room_.data(), room_.size());
    if (got <= 0) {
      close(client);
      asked_.erase(client);
      return;
    }
    std::string& asked = asked_[client];
    asked.append(room_.data(), static_cast<std::size_t>(got));
    if (!is_whole_message(asked)) return;
    asked.clear();
    send_all(client, answer_);
  }

  int listener_;
  int poll_ = epoll_create1(EPOLL_CLOEXEC);
  std::string answer_ = an_answer();
  std::string room_ = std::string(std::size_t{1} << 16, '\0');
  std::map<int, std::string> asked_;
};

}  // namespace
}  // namespace lanyard::bench

int main() {
  try {
    lanyard::bench::Answers().run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_answers: %s\n", error.what());
    return 1;
  }
}
