#include "bench/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <stdexcept>

namespace lanyard::bench {

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

std::vector<std::string> lines_in(const char* file) {
  std::ifstream in(file);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line + '\n');
  check(!out.empty(), "a file without lines");
  return out;
}

std::vector<std::string> requests_in(const char* file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<std::string> out;
  for (std::string length; std::getline(in, length);) {
    std::string& each = out.emplace_back(std::stoul(length), '\0');
    check(in.read(each.data(), static_cast<std::streamsize>(each.size())).good(), "a short file");
  }
  check(!out.empty(), "no requests");
  return out;
}

int connect_to_port(const std::string& port) {
  const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoul(port)));
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  check(out >= 0 && connect(out, any, sizeof address) == 0, "cannot connect");
  const int on = 1;
  check(setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "cannot set TCP_NODELAY");
  return out;
}

void send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = write(to, bytes.data(), bytes.size());
    check(sent > 0, "the agent hung up");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string_view receive(int from, std::string& room) {
  const ssize_t got = read(from, room.data(), room.size());
  check(got > 0, "the agent hung up");
  return std::string_view(room).substr(0, static_cast<std::size_t>(got));
}

bool is_whole_message(std::string_view text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return false;
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t name = text.find(kName);
  check(name < head, "a message without a length");
  std::size_t length = 0;
  std::from_chars(text.data() + name + kName.size(), text.data() + head, length);
  return text.size() >= head + 4 + length;
}

bool is_success(std::string_view answer) { return answer.starts_with("HTTP/1.1 2"); }

}  // namespace lanyard::bench
