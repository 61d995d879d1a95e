#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "agent/cli/subprocess.hpp"
#include "agent/control/control_client.hpp"
#include "tests/unit/agent/temporary_folder.hpp"

/// A real agent, and a peer that is known to it and means it harm, on the two ends of a real
/// socket.
namespace lanyard::hostile {

using Json = nlohmann::json;

/// How long a test waits for what must come. Generous: nothing here measures time.
inline constexpr std::chrono::seconds kPatience{30};

/// Asks again and again, for what another process does and tells nobody. False if it never came.
[[nodiscard]] bool comes_about(const std::function<bool()>& condition);

/// `lanyard agent` with folders and a port of its own, as LANYARD names it.
class AgentProcess {
 public:
  AgentProcess();
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  ~AgentProcess();

  /// The result of a request to its control socket; a failed one ends the test.
  Json call(const std::string& method, const Json& params = Json::object());
  /// Another connection to its control socket.
  [[nodiscard]] agent::ControlClient connect() const;
  [[nodiscard]] std::uint16_t sync_port() const { return sync_port_; }
  [[nodiscard]] bool is_running() const;
  /// Ends as a person ends it, and starts again on the same folders and port.
  void restart();
  /// A command for it that has ended. On any thread.
  [[nodiscard]] agent::ProcessOutcome command(std::vector<std::string> words,
                                              std::chrono::seconds limit = kPatience) const;
  /// Of all files in its data folder and its folder of state.
  [[nodiscard]] std::size_t disk_bytes() const;
  /// Of its memory, as it is now.
  [[nodiscard]] std::size_t resident_bytes() const { return status_bytes("VmRSS:"); }
  /// Processor time that it has used since it started, and its children that have ended.
  [[nodiscard]] double cpu_seconds() const;
  /// What it has written to its log.
  [[nodiscard]] std::string log() const;

  [[nodiscard]] Json counters() { return call("status.get").at("counters"); }
  /// A known device as `devices list` shows it.
  [[nodiscard]] Json device(const std::string& id);

 private:
  void start();
  /// False if it had to be killed.
  [[nodiscard]] bool stop();

  agent::testing::TemporaryFolder folder_;
  pid_t process_ = -1;
  std::optional<agent::ControlClient> control_;
  std::uint16_t sync_port_ = 0;

  friend class PeakOf;
  [[nodiscard]] std::size_t status_bytes(const std::string& line) const;
};

/// How much more memory an agent had at most since this was made, as the system counts it.
class PeakOf {
 public:
  explicit PeakOf(const AgentProcess& agent);
  [[nodiscard]] std::size_t bytes() const;

 private:
  const AgentProcess& agent_;
  std::size_t resident_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace lanyard::hostile
