// Discovery without an agent, told what to do line by line, for discovery_test.py:
//   announce PORT PAIRING    from then on; PAIRING is 0 or 1
//   nearby                   prints one line for each sighting, then "."
//   moves                    prints how often the network changed, then "."
//   condition                prints the state and, behind a space, what is wrong; then "."
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "agent/net.hpp"
#include "crypto/sodium.hpp"
#include "discovery/discovery.hpp"

namespace {

using namespace lanyard;

class Probe {
 public:
  int run() {
    if (!crypto::init()) return EXIT_FAILURE;
    discovery_.start();
    read();
    io_.run();
    return EXIT_SUCCESS;
  }

 private:
  void read() {
    asio::async_read_until(input_, asio::dynamic_buffer(buffer_), '\n',
                           [this](const std::error_code& error, std::size_t size) {
                             if (error) return io_.stop();
                             std::istringstream line(buffer_.substr(0, size));
                             buffer_.erase(0, size);
                             on_line(line);
                             read();
                           });
  }

  void on_line(std::istringstream& line) {
    std::string verb;
    line >> verb;
    if (verb == "announce") {
      std::uint16_t port = 0;
      bool is_pairing = false;
      line >> port >> is_pairing;
      discovery_.announce(port, is_pairing);
    }
    if (verb == "moves") {
      std::cout << moves_ << "\n.\n" << std::flush;
      return;
    }
    if (verb == "condition") return say_condition();
    for (const discovery::Sighting& each : discovery_.nearby())
      std::cout << each.host_port() << (each.is_pairing() ? " pairing" : "") << '\n';
    std::cout << ".\n" << std::flush;
  }

  void say_condition() {
    constexpr std::array kNames = {"off", "starting", "daemon", "embedded", "degraded"};
    const discovery::Condition now = discovery_.condition();
    std::cout << kNames.at(static_cast<std::size_t>(now.state)) << ' ' << now.reason << "\n.\n"
              << std::flush;
  }

  asio::io_context io_{1};
  crypto::SystemRng rng_;
  asio::posix::stream_descriptor input_{io_, STDIN_FILENO};
  std::string buffer_;
  int moves_ = 0;
  discovery::Discovery discovery_{io_,
                                  {},
                                  rng_,
                                  {[](const auto&, discovery::Newcomer) {}, [](const auto&) {},
                                   [this] { ++moves_; }, [](const auto&) {}}};
};

}  // namespace

int main(int argc, char** argv) {
  if (const auto child = discovery::discovery_child(argc, argv))
    return discovery::run_discovery_child(*child);
  return Probe().run();
}
