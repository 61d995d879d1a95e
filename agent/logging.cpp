#include "agent/logging.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdlib>

#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kFileBytesMax = 4U << 20U;
constexpr const char* kLoggerName = "lanyard";

/// `%*`: the level as journald reads it at the beginning of a line (sd-daemon(3)).
class JournalLevel final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const char digit = message.level >= spdlog::level::err    ? '3'
                       : message.level == spdlog::level::warn ? '4'
                       : message.level == spdlog::level::info ? '6'
                                                              : '7';
    const char prefix[] = {'<', digit, '>'};
    out.append(prefix, prefix + sizeof prefix);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalLevel>();
  }
};

/// JOURNAL_STREAM names the device and inode of the stream that leads to the journal
/// (systemd.exec(5)).
bool is_journal(int descriptor) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat found {};
  if (stream == nullptr || fstat(descriptor, &found) != 0) return false;
  const std::string ours = std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino);
  return ours == stream;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarning: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::unique_ptr<spdlog::formatter> format_for(bool journal) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(
      journal ? spdlog::pattern_time_type::local : spdlog::pattern_time_type::utc);
  if (journal) {
    formatter->add_flag<JournalLevel>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v");
  }
  return formatter;
}

std::shared_ptr<spdlog::logger> make_logger(const spdlog::sink_ptr& sink, bool journal,
                                            LogLevel level) {
  auto logger = std::make_shared<spdlog::logger>(kLoggerName, sink);
  logger->set_formatter(format_for(journal));
  logger->set_level(level_of(level));
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> one =
      make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), false, LogLevel::kInfo);
  return one;
}

void write(spdlog::level::level_enum level, std::string_view message) {
  if (logger()->should_log(level)) logger()->log(level, display_text(message));
}

}  // namespace

Status start_logging(const LogOptions& options) {
  const bool journal = options.target == LogTarget::kJournal ||
                       (options.target == LogTarget::kAuto && is_journal(STDERR_FILENO));
  if (options.target != LogTarget::kFile) {
    logger() =
        make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), journal, options.level);
    return {};
  }
  // Whoever put a link there has the agent write over another file.
  std::error_code absent;
  if (std::filesystem::symlink_status(options.file, absent).type() ==
      std::filesystem::file_type::symlink) {
    return fail(Code::kUnsafePermissions,
                "the log file " + options.file.string() + " is a symbolic link",
                "Take the link away, or set log.target to stderr.");
  }
  try {
    logger() = make_logger(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                               options.file.string(), kFileBytesMax, 1),
                           false, options.level);
  } catch (const spdlog::spdlog_ex&) {
    return fail(Code::kReadOnly, "the log file " + options.file.string() + " cannot be written",
                "Make its folder writable, or set log.target to stderr.");
  }
  return {};
}

void log_debug(std::string_view message) { write(spdlog::level::debug, message); }
void log_info(std::string_view message) { write(spdlog::level::info, message); }
void log_warning(std::string_view message) { write(spdlog::level::warn, message); }
void log_error(std::string_view message) { write(spdlog::level::err, message); }
bool logs_debug() { return logger()->should_log(spdlog::level::debug); }
void flush_log() { logger()->flush(); }

}  // namespace lanyard::agent
