#include "agent/compat/iso_time.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "agent/json_slices.hpp"

namespace lanyard::agent {
namespace {

constexpr std::int64_t kYear9999Ms = 253'402'300'799'999;

/// Reads a text from its beginning.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool is_over() const { return rest_.empty(); }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly so many digits, for a number from `min` to `max`.
  std::optional<int> number(std::size_t digits, int min, int max) {
    if (rest_.size() < digits) return std::nullopt;
    int out = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      out = out * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return out >= min && out <= max ? std::optional(out) : std::nullopt;
  }
  /// Of one to nine digits, the first three.
  std::optional<int> fraction_ms() {
    int out = 0;
    std::size_t digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
      if (digits < 3) out = out * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    for (std::size_t at = digits; at < 3; ++at) out *= 10;
    return digits >= 1 && digits <= 9 ? std::optional(out) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> days_in(TimeText& text) {
  const auto year = text.number(4, 0, 9999);
  if (!year || !text.take('-')) return std::nullopt;
  const auto month = text.number(2, 1, 12);
  if (!month || !text.take('-')) return std::nullopt;
  const auto day = text.number(2, 1, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> minutes_in(TimeText& text) {
  const auto hours = text.number(2, 0, 23);
  if (!hours || !text.take(':')) return std::nullopt;
  const auto minutes = text.number(2, 0, 59);
  if (!minutes) return std::nullopt;
  return *hours * 60 + *minutes;
}

/// What stands behind the minutes: seconds, a fraction, an offset. Milliseconds.
std::optional<std::int64_t> seconds_and_offset(TimeText& text) {
  std::int64_t ms = 0;
  if (text.take(':')) {
    const auto seconds = text.number(2, 0, 59);
    if (!seconds) return std::nullopt;
    ms = *seconds * 1000;
    if (text.take('.')) {
      const auto fraction = text.fraction_ms();
      if (!fraction) return std::nullopt;
      ms += *fraction;
    }
  }
  const bool is_utc = text.take('Z') || text.is_over();
  if (is_utc) return ms;
  const bool is_east = text.take('+');
  if (!is_east && !text.take('-')) return std::nullopt;
  const auto offset = minutes_in(text);
  if (!offset) return std::nullopt;
  return is_east ? ms - *offset * 60'000 : ms + *offset * 60'000;
}

}  // namespace

std::string iso_time(std::int64_t ms) {
  const std::int64_t known = std::clamp<std::int64_t>(ms, 0, kYear9999Ms);
  const std::time_t seconds = known / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> out{};
  const std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string text(out.data(), size);
  const std::string fraction = std::to_string(1000 + known % 1000);
  return text + "." + fraction.substr(1) + "Z";
}

std::optional<std::int64_t> read_iso_time(std::string_view text) {
  TimeText in(text);
  const auto days = days_in(in);
  if (!days) return std::nullopt;
  std::int64_t ms = *days * 86'400'000;
  if (in.is_over()) return ms;
  const auto minutes = in.take('T') ? minutes_in(in) : std::nullopt;
  if (!minutes) return std::nullopt;
  const auto rest = seconds_and_offset(in);
  if (!rest || !in.is_over()) return std::nullopt;
  return ms + *minutes * 60'000 + *rest;
}

std::optional<std::int64_t> time_in(std::string_view json) {
  if (const auto number = json_integer(json)) return *number;
  if (!is_json_string(json)) return std::nullopt;
  const auto text = json_string(json);
  return text ? read_iso_time(*text) : std::nullopt;
}

}  // namespace lanyard::agent
