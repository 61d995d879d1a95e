#include "agent/ping_run.hpp"

#include "replication/types/device_id_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::chrono::milliseconds kLinkLookEvery{10};
/// Every call has ended by then.
constexpr auto kPatience = limits::kHandshakeTimeMax + std::chrono::milliseconds(500);
/// How long the other addresses may take while there is a link.
constexpr std::chrono::seconds kOthersMax{1};

using StepOutcome = PingStep::Result;

std::chrono::microseconds since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               then);
}

}  // namespace

PingRun::PingRun(asio::io_context& io, LinkSet& links, Driver& driver, const DeviceId& device,
                 Done done)
    : links_(links), driver_(driver), device_(device), done_(std::move(done)), timer_(io) {}

void PingRun::start() {
  since_ = Clock::now();
  give_up_ = since_ + kPatience;
  if (!links_.is_known(device_)) return fail("name", "not a known device");
  addresses_ = links_.call_everywhere(device_, [weak = weak_from_this()](const auto& report) {
    if (const auto self = weak.lock()) self->reports_[report.address] = report;
  });
  const auto link = links_.link_of(device_);
  if (addresses_.empty() && !link)
    return fail("name", "no address is known, and it has not called");
  if (addresses_.empty()) {
    step("name", "it called from " + links_.status_of(device_).address, StepOutcome::kOk);
    step("tcp", "no address to call it at is known", StepOutcome::kNotTried);
    return ask(*link);
  }
  step("name",
       addresses_.size() == 1 ? addresses_.front()
                              : std::to_string(addresses_.size()) + " addresses are known",
       StepOutcome::kOk);
  look();
}

/// Until a link is up and the other calls have had their time, or all came to nothing.
void PingRun::look() {
  if (!links_.is_known(device_)) return fail("tcp", "not a known device");  // forgotten meanwhile
  const auto link = links_.link_of(device_);
  if (link && !linked_at_) linked_at_ = Clock::now();
  const auto now = Clock::now();
  const bool is_late = now >= (linked_at_ ? *linked_at_ + kOthersMax : give_up_);
  if (reports_.size() == addresses_.size() || is_late) {
    for (const std::string& address : addresses_) say_call(address);
    if (link) return ask(*link);
    return finish();
  }
  timer_.expires_after(kLinkLookEvery);
  timer_.async_wait([self = shared_from_this()](const std::error_code& error) {
    if (!error) self->look();
  });
}

void PingRun::say_call(const std::string& address) {
  const auto found = reports_.find(address);
  const CallReport report =
      found == reports_.end() ? CallReport{address, {}, {}, {}, "no answer yet"} : found->second;
  if (!report.to_connect) {
    step("tcp", address + ": " + report.failure, StepOutcome::kFailed);
    return step("secure", address, StepOutcome::kNotTried);
  }
  step("tcp", address, StepOutcome::kOk, *report.to_connect);
  if (report.met == device_ && report.failure.empty())
    return step("secure", address + ": identity verified", StepOutcome::kOk, report.to_settle);
  const bool is_other = report.met && report.met != device_;
  step("secure",
       address + ": " +
           (is_other ? "another device answers there, " + to_short_text(*report.met)
                     : report.failure),
       StepOutcome::kFailed, report.to_settle);
}

void PingRun::ask(engine::LinkId link) {
  since_ = Clock::now();
  driver_.ask(link, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->over_) return;
    self->step("sync", "round trip", StepOutcome::kOk, since(self->since_));
    self->finish();
  });
  timer_.expires_after(kPatience);
  timer_.async_wait([self = shared_from_this()](const std::error_code& error) {
    if (!error && !self->over_) self->fail("sync", "no answer in time");
  });
}

void PingRun::step(const char* name, std::string detail, StepOutcome result,
                   std::chrono::microseconds took) {
  steps_.push_back({name, std::move(detail), result, took});
}

void PingRun::fail(const char* name, std::string why) {
  step(name, std::move(why), StepOutcome::kFailed, since(since_));
  finish();
}

/// What was not come to is said too.
void PingRun::finish() {
  over_ = true;
  timer_.cancel();
  for (const char* name : {"tcp", "secure", "sync"}) {
    const bool is_said = std::any_of(steps_.begin(), steps_.end(),
                                     [name](const PingStep& each) { return each.name == name; });
    if (!is_said) step(name, "", StepOutcome::kNotTried);
  }
  done_(std::move(steps_));
}

}  // namespace lanyard::agent
