// Sends prepared requests to an agent from many clients, each with one under way, and prints how
// long the answers took: clients that cost next to nothing themselves.
//   bench_requests SOCKET REQUESTS CLIENTS      the control socket; REQUESTS: one on each line
//   bench_requests http:PORT REQUESTS CLIENTS   the local API, on connections that stay open;
//                                               REQUESTS: each behind a line with its length
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "bench/http_client.hpp"

namespace lanyard::bench {
namespace {

/// A socket's path holds 107 bytes; a descriptor of its folder is always short enough.
int connect_to(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  check(slash != std::string::npos, "SOCKET wants a folder");
  const int folder = open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(folder >= 0, "cannot open the folder of the socket");
  const std::string name = "/proc/self/fd/" + std::to_string(folder) + path.substr(slash);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  check(name.size() < sizeof address.sun_path, "the name of the socket is too long");
  std::memcpy(address.sun_path, name.c_str(), name.size());
  const int out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  check(out >= 0 && connect(out, any, sizeof address) == 0, "cannot connect");
  close(folder);
  return out;
}

struct Client {
  int socket = -1;
  std::string line;
  Clock::time_point sent;
  bool waits = false;
};

class Run {
 public:
  /// `where`: the path of a socket, or "http:" and a port.
  Run(const std::string& where, std::size_t clients, const std::vector<std::string>& requests)
      : requests_(requests), clients_(clients), is_http_(where.starts_with(kHttp)) {
    for (Client& client : clients_)
      client.socket = is_http_ ? connect_to_port(where.substr(kHttp.size())) : connect_to(where);
  }
  static constexpr std::string_view kHttp = "http:";

  /// Microseconds from each request to its answer.
  std::vector<double> all() {
    std::vector<pollfd> waiting;
    for (const Client& client : clients_) waiting.push_back({client.socket, POLLIN, 0});
    for (Client& client : clients_) ask(client);
    while (took_.size() < requests_.size()) {
      check(poll(waiting.data(), waiting.size(), -1) > 0, "cannot wait");
      for (std::size_t i = 0; i < clients_.size(); ++i)
        if (waiting[i].revents != 0) hear(clients_[i]);
    }
    return std::move(took_);
  }

 private:
  void ask(Client& client) {
    if (next_ == requests_.size()) return;
    client.sent = Clock::now();
    client.waits = true;
    send_all(client.socket, requests_[next_++]);
  }

  void hear(Client& client) {
    client.line += receive(client.socket, in_);
    if (is_http_ ? !is_whole_message(client.line) : client.line.back() != '\n') return;
    check(client.waits, "an answer that nobody asked for");
    const bool is_good =
        is_http_ ? is_success(client.line) : client.line.find("\"error\"") == std::string::npos;
    if (!is_good) throw std::runtime_error(client.line);
    took_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - client.sent).count());
    client.line.clear();
    client.waits = false;
    ask(client);
  }

  const std::vector<std::string>& requests_;
  std::vector<Client> clients_;
  bool is_http_;
  std::size_t next_ = 0;
  std::string in_ = std::string(std::size_t{1} << 16, '\0');
  std::vector<double> took_;
};

}  // namespace
}  // namespace lanyard::bench

int main(int count, char** words) {
  using namespace lanyard::bench;
  try {
    check(count == 4, "usage: bench_requests SOCKET|http:PORT REQUESTS CLIENTS");
    const bool is_http = std::string_view(words[1]).starts_with(Run::kHttp);
    const auto requests = is_http ? requests_in(words[2]) : lines_in(words[2]);
    Run run(words[1], std::max(1UL, std::strtoul(words[3], nullptr, 10)), requests);
    const auto start = Clock::now();
    std::vector<double> took = run.all();
    const std::chrono::duration<double> seconds = Clock::now() - start;
    std::sort(took.begin(), took.end());
    std::printf("{\"requests\":%zu,\"seconds\":%.6f,\"p50_us\":%.0f,\"p99_us\":%.0f}\n",
                requests.size(), seconds.count(), took[took.size() / 2],
                took[took.size() * 99 / 100]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_requests: %s\n", error.what());
    return 1;
  }
}
