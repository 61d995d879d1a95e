#include "agent/ping_run.hpp"

namespace lanyard::agent {
namespace {

constexpr std::chrono::milliseconds kLookEvery{10};
constexpr std::chrono::seconds kPatience{10};

}  // namespace

PingRun::PingRun(asio::io_context& io, LinkSet& links, Driver& driver, const DeviceId& device,
                 Done done)
    : links_(links), driver_(driver), device_(device), done_(std::move(done)), timer_(io) {}

void PingRun::start() {
  since_ = std::chrono::steady_clock::now();
  give_up_ = since_ + kPatience;
  if (!links_.is_known(device_)) {
    step("name", "not a known device", false);
    return finish();
  }
  const PeerStatus before = links_.status_of(device_);
  if (!before.linked && before.address.empty()) {
    step("name", "no address is known, and it has not called", false);
    return finish();
  }
  step("name", before.address, true);
  if (!before.linked) links_.dial_now(device_);
  look();
}

/// A link comes up, or an attempt fails and says at which step.
void PingRun::look() {
  if (!links_.is_known(device_)) {  // forgotten in the meantime
    step("tcp", "not a known device", false);
    return finish();
  }
  if (const auto link = links_.link_of(device_)) {
    step("tcp", links_.status_of(device_).address, true);
    step("secure", "identity verified", true);
    return ask(*link);
  }
  const std::string failure = links_.status_of(device_).last_failure;
  const bool late = std::chrono::steady_clock::now() >= give_up_;
  if (!failure.empty() || late) {
    step("tcp", failure.empty() ? "no answer in time" : failure, false);
    return finish();
  }
  timer_.expires_after(kLookEvery);
  timer_.async_wait([self = shared_from_this()](const std::error_code& error) {
    if (!error) self->look();
  });
}

void PingRun::ask(engine::LinkId link) {
  since_ = std::chrono::steady_clock::now();
  driver_.ask(link, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_) return;
    self->step("sync", "round trip", true);
    self->finish();
  });
  timer_.expires_at(give_up_);
  timer_.async_wait([self = shared_from_this()](const std::error_code& error) {
    if (error || self->over_) return;
    self->step("sync", "no answer in time", false);
    self->finish();
  });
}

void PingRun::step(const char* name, std::string detail, bool ok) {
  const auto now = std::chrono::steady_clock::now();
  steps_.push_back({name, std::move(detail), ok,
                    std::chrono::duration_cast<std::chrono::microseconds>(now - since_)});
  since_ = now;
}

void PingRun::finish() {
  over_ = true;
  timer_.cancel();
  done_(std::move(steps_));
}

}  // namespace lanyard::agent
