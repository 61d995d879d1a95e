#pragma once

#include <filesystem>
#include <string_view>

#include "replication/types/result.hpp"

/// The agent's log. What goes in: what happened to which device or space, and errors. What never
/// goes in: keys, codes, and the content of records. Safe on every thread.
namespace lanyard::agent {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
/// kAuto is the journal if standard error is connected to it, and standard error otherwise.
enum class LogTarget { kAuto, kJournal, kStandardError, kFile };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogTarget target = LogTarget::kAuto;
  /// For kFile: this file, at most 4 MiB, and one older of the same size beside it.
  std::filesystem::path file;
};

/// To be called before the threads start. Until then the log goes to standard error.
[[nodiscard]] Status start_logging(const LogOptions& options);

/// One line each. Everything that display_text() escapes is escaped, so that text from peers may
/// stand in a message.
void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);
/// True if log_debug() says anything: for messages that cost something to make.
[[nodiscard]] bool logs_debug();
/// Writes out what is buffered.
void flush_log();

}  // namespace lanyard::agent
