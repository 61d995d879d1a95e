#pragma once

#include "agent/driver.hpp"

namespace lanyard::agent {

/// One `lanyard ping`: follows a link from its address to an answer of the peer's engine, and says
/// how far it came. Dials if there is no link. Lives on the network thread, kept alive by its own
/// handlers.
class PingRun : public std::enable_shared_from_this<PingRun> {
 public:
  using Done = std::function<void(std::vector<PingStep>)>;
  PingRun(asio::io_context& io, LinkSet& links, Driver& driver, const DeviceId& device, Done done);
  void start();

 private:
  void look();
  void ask(engine::LinkId link);
  void step(const char* name, std::string detail, bool ok);
  void finish();

  LinkSet& links_;
  Driver& driver_;
  DeviceId device_;
  Done done_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point since_;
  std::chrono::steady_clock::time_point give_up_;
  std::vector<PingStep> steps_;
  bool over_ = false;
};

}  // namespace lanyard::agent
