#pragma once

#include "agent/driver.hpp"

namespace lanyard::agent {

/// One `lanyard ping`: calls the device at all its addresses, also while it is linked, asks its
/// engine on the link that there is then, and says what became of each step. Lives on the network
/// thread, kept alive by its own handlers.
class PingRun : public std::enable_shared_from_this<PingRun> {
 public:
  using Done = std::function<void(std::vector<PingStep>)>;
  PingRun(asio::io_context& io, LinkSet& links, Driver& driver, const DeviceId& device, Done done);
  void start();

 private:
  using Clock = std::chrono::steady_clock;

  void look();
  void say_call(const std::string& address);
  void ask(engine::LinkId link);
  void step(const char* name, std::string detail, PingStep::Result result,
            std::chrono::microseconds took = {});
  /// The step failed, and with it the ping.
  void fail(const char* name, std::string why);
  void finish();

  LinkSet& links_;
  Driver& driver_;
  DeviceId device_;
  Done done_;
  asio::steady_timer timer_;
  Clock::time_point since_;
  Clock::time_point give_up_;
  std::optional<Clock::time_point> linked_at_;
  std::vector<std::string> addresses_;
  std::map<std::string, CallReport> reports_;
  std::vector<PingStep> steps_;
  bool over_ = false;
};

}  // namespace lanyard::agent
