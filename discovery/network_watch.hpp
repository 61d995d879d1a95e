#pragma once

#include <functional>

#include "discovery/local_network.hpp"
#include "discovery/net.hpp"
#include "discovery/sleep_sense.hpp"

namespace lanyard::discovery {

/// Tells when interfaces or addresses come and go (rtnetlink(7)), and when the machine has slept.
/// Lives on the network thread.
class NetworkWatch {
 public:
  struct Owner {
    std::function<void()> changed;  ///< network() is another one
    std::function<void()> slept;
  };

  NetworkWatch(asio::io_context& io, InterfaceFilter filter, Owner owner);

  void start();
  void stop();
  [[nodiscard]] const LocalNetwork& network() const { return network_; }

 private:
  void open_socket();
  void read();
  void on_read(const std::error_code& error);
  void look_soon();
  void look();
  void wait_for_sleep();

  asio::posix::stream_descriptor socket_;
  asio::steady_timer settle_timer_;
  asio::steady_timer sleep_timer_;
  InterfaceFilter filter_;
  Owner owner_;
  LocalNetwork network_;
  SleepSense sleep_;
  bool will_look_ = false;
};

}  // namespace lanyard::discovery
