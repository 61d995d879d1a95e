#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replication/types/result.hpp"

/// How an error looks to people and programs: the one table from Code to what the CLI, the control
/// socket and HTTP show.
namespace lanyard::agent {

/// Exit codes of the CLI. The numbers are a promise to scripts.
namespace exit_code {
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotRunning = 3;
inline constexpr int kNotFound = 4;
inline constexpr int kUnreachable = 5;
inline constexpr int kNotAllowed = 6;
inline constexpr int kUnfinished = 7;  ///< conflicts, or data that is not everywhere yet
inline constexpr int kIntegrity = 8;
inline constexpr int kConfig = 9;
inline constexpr int kVersion = 10;
inline constexpr int kLocked = 11;
inline constexpr int kInterrupted = 130;
inline constexpr int kOutputClosed = 141;
}  // namespace exit_code

struct Problem {
  std::string id;  ///< "LY-D004": family (A agent, C config, D data, N network, P peers, S space)
  std::string title;  ///< what it means in a few words, without jargon
  std::string why;
  std::string fix;  ///< empty where nothing helps
  int exit_code = exit_code::kFailed;
};

/// Never shows a bare errno: a code that is not ours gets a title of its own and its text as `why`.
[[nodiscard]] Problem problem_of(const Error& error);

/// The code that a problem's id stands for: for clients that heard it over a socket.
[[nodiscard]] std::optional<Code> code_of(std::string_view id);

/// The three parts, each on a line of its own and escaped for display:
///   Could not share "notes" with pi-kitchen.
///     Why: pi-kitchen runs Lanyard 0.8.
///     Fix: on pi-kitchen, install version 1.0
///     (LY-P012)
/// `what` is the first line without its full stop; empty: the problem's title.
[[nodiscard]] std::string error_text(std::string_view what, const Problem& problem);

}  // namespace lanyard::agent
