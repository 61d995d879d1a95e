#include "tests/integration/hostile/agent_process.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <sstream>

namespace lanyard::hostile {
namespace {

constexpr int kLookEveryMs = 3;

/// Nothing of the person who runs the tests: no configuration, no systemd.
void forget_person(const std::filesystem::path& home) {
  for (const char* name : {"HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"})
    REQUIRE(setenv(name, home.c_str(), 1) == 0);
  for (const char* name : {"LANYARD_CONFIG", "NOTIFY_SOCKET", "JOURNAL_STREAM"})
    REQUIRE(unsetenv(name) == 0);
}

}  // namespace

bool comes_about(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    poll(nullptr, 0, kLookEveryMs);
  }
  return true;
}

AgentProcess::AgentProcess() {
  const char* program = std::getenv("LANYARD");
  INFO("the variable LANYARD names the program; ctest sets it");
  REQUIRE(program != nullptr);
  forget_person(folder_.path());
  start();
}

void AgentProcess::start() {
  const auto data = folder_.path() / "data";
  process_ = agent::start_background(
      {std::getenv("LANYARD"), "agent", "--name", "target", "--sync-port",
       std::to_string(sync_port_), "--api-port", "0", "--listen", "127.0.0.1", "--no-discovery",
       "--log-target", "stderr", "--data-dir", data.string(), "--state-dir",
       (folder_.path() / "state").string()},
      (folder_.path() / "output").string());
  REQUIRE(process_ > 0);
  REQUIRE(comes_about([&] {
    auto control = agent::ControlClient::connect(data / "agent.sock", kPatience, {});
    if (control) control_.emplace(std::move(*control));
    return control_ || !is_running();
  }));
  INFO(log());
  REQUIRE(control_);
  sync_port_ = call("agent.info").at("agent").at("syncPort").get<std::uint16_t>();
}

AgentProcess::~AgentProcess() { CHECK(stop()); }

bool AgentProcess::stop() {
  if (!is_running()) return true;
  kill(process_, SIGTERM);
  const bool ended = comes_about([&] { return !is_running(); });
  if (!ended) kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  return ended;
}

void AgentProcess::restart() {
  control_.reset();
  REQUIRE(stop());
  start();
}

bool AgentProcess::is_running() const {
  siginfo_t ended{};  // looked at and left, so that every look finds it
  return process_ > 0 &&
         waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

std::size_t AgentProcess::disk_bytes() const {
  std::size_t bytes = 0;
  for (const char* folder : {"data", "state"}) {
    std::error_code over;  // files and folders come and go while they are counted
    using Entries = std::filesystem::recursive_directory_iterator;
    for (Entries each(folder_.path() / folder, over), end; !over && each != end;
         each.increment(over)) {
      std::error_code gone;
      if (const auto size = each->is_regular_file(gone) ? each->file_size(gone) : 0; !gone)
        bytes += size;
    }
  }
  return bytes;
}

double AgentProcess::cpu_seconds() const {
  std::string stat = agent::testing::content_of("/proc/" + std::to_string(process_) + "/stat");
  std::istringstream rest(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
  std::string word;
  double ticks = 0;
  for (int field = 3; rest >> word; ++field)  // proc(5): utime, stime, cutime, cstime
    if (field >= 14 && field <= 17) ticks += std::stod(word);
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string AgentProcess::log() const {
  return agent::testing::content_of(folder_.path() / "output");
}

Json AgentProcess::call(const std::string& method, const Json& params) {
  const auto answer = control_->call(method, params.dump());
  INFO(method << " " << params.dump());
  INFO((answer ? std::string() : answer.error().detail + "\n" + log()));
  REQUIRE(answer);
  return Json::parse(*answer);
}

agent::ProcessOutcome AgentProcess::command(std::vector<std::string> words,
                                            std::chrono::seconds limit) const {
  words.insert(words.begin(), {std::getenv("LANYARD"), "--data-dir", folder_.path() / "data",
                               "--state-dir", folder_.path() / "state"});
  return agent::run_program(words, limit);
}

agent::ControlClient AgentProcess::connect() const {
  auto control =
      agent::ControlClient::connect(folder_.path() / "data" / "agent.sock", kPatience, {});
  REQUIRE(control);
  return std::move(*control);
}

Json AgentProcess::device(const std::string& id) {
  const Json listed = call("device.list");
  for (const Json& each : listed.at("devices")) {
    if (each.at("id") == id) return each;
  }
  return {};
}

// ---- memory

std::size_t AgentProcess::status_bytes(const std::string& line) const {
  std::ifstream status("/proc/" + std::to_string(process_) + "/status");
  std::string word;
  while (status >> word) {
    std::size_t kib = 0;
    if (word == line && status >> kib) return kib * 1024;
  }
  return 0;
}

PeakOf::PeakOf(const AgentProcess& agent) : agent_(agent) {
  // From here on the system counts the peak anew. Where it may not be asked to, an old peak that
  // was not passed says nothing.
  std::ofstream("/proc/" + std::to_string(agent.process_) + "/clear_refs") << 5;
  resident_ = agent_.status_bytes("VmRSS:");
  peak_ = agent_.status_bytes("VmHWM:");
}

std::size_t PeakOf::bytes() const {
  const std::size_t peak = agent_.status_bytes("VmHWM:");
  return peak <= peak_ || peak <= resident_ ? 0 : peak - resident_;
}

}  // namespace lanyard::hostile
