#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "replication/types/result.hpp"

namespace lanyard::agent {

/// The detail of a kInterrupted that a person caused.
inline constexpr const char* kAskedFor = "you asked for it";

/// One line of an answer.
struct AnswerLine {
  enum class Kind { kProgress, kResult };
  Kind kind = Kind::kResult;
  std::int64_t id = 0;
  std::string json;
};

/// The CLI's end of the control socket: blocking, with a deadline, interruptible by Ctrl-C.
class ControlClient {
 public:
  using Clock = std::chrono::steady_clock;
  /// Asked whenever a wait was cut short by a signal; true ends it with kInterrupted.
  using Interrupted = std::function<bool()>;

  /// kNotRunning if nobody listens there.
  [[nodiscard]] static Result<ControlClient> connect(const std::filesystem::path& socket,
                                                     std::chrono::milliseconds timeout,
                                                     Interrupted interrupted);
  ControlClient(ControlClient&& other) noexcept;
  ControlClient& operator=(ControlClient&&) = delete;
  ~ControlClient();

  /// Sends a request and waits for its result, JSON. The agent's error comes back as the same
  /// Error.
  /// `progress` gets what comes before; each such line starts the timeout again.
  [[nodiscard]] Result<std::string> call(
      const std::string& method, const std::string& params,
      const std::function<void(const std::string& json)>& progress = {});

  /// The parts of call(), for several requests on their way at once.
  [[nodiscard]] Result<std::int64_t> send(const std::string& method, const std::string& params);
  /// The next line of any answer. An error of a request ends it: its text, as in call().
  [[nodiscard]] Result<AnswerLine> receive();
  /// The same; nothing if no line comes in this time.
  [[nodiscard]] Result<std::optional<AnswerLine>> receive_within(std::chrono::milliseconds time);
  /// From now on receive() waits this long; zero: for ever.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  ControlClient(int socket, std::chrono::milliseconds timeout, Interrupted interrupted);
  [[nodiscard]] Status wait_for(short events, std::optional<Clock::time_point> until);
  [[nodiscard]] Result<std::string> read_line();
  [[nodiscard]] std::optional<Clock::time_point> deadline() const;

  int socket_;
  std::chrono::milliseconds timeout_;
  Interrupted interrupted_;
  std::int64_t last_id_ = 0;
  std::string in_;
  std::size_t scanned_ = 0;
};

}  // namespace lanyard::agent
