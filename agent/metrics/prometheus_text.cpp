#include "agent/metrics/prometheus_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace lanyard::agent {
namespace {

/// In a HELP a backslash and a line feed are escaped; in a label's value the quote as well.
std::string escaped(std::string_view text, bool in_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (in_quotes && c == '"')) out += '\\';
    out += c;
  }
  return out;
}

/// The shortest text that reads back as the same number; whole ones as people write them.
std::string number_text(double value) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  if (std::trunc(value) == value && std::abs(value) <= kExactMax)
    return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 512> text{};  // the longest of all has 325
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

double seconds_of(std::chrono::microseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void PrometheusText::begin(std::string_view name, std::string_view type, std::string_view help) {
  out_.append("# HELP ").append(name).append(" ").append(escaped(help, false)).append("\n");
  out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(std::string_view name, const std::vector<Label>& labels, double value) {
  out_.append(name);
  const char* before = "{";
  for (const Label& label : labels) {
    out_.append(before).append(label.name).append("=\"");
    out_.append(escaped(label.value, true)).append("\"");
    before = ",";
  }
  if (!labels.empty()) out_.append("}");
  out_.append(" ").append(number_text(value)).append("\n");
}

/// A double would lose what is beyond 2^53, as bytes of a long life may be.
void PrometheusText::whole(std::string_view name, std::uint64_t value) {
  out_.append(name).append(" ").append(std::to_string(value)).append("\n");
}

void PrometheusText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  begin(name, "counter", help);
  whole(name, value);
}

void PrometheusText::gauge(std::string_view name, std::string_view help, double value) {
  begin(name, "gauge", help);
  sample(name, {}, value);
}

void PrometheusText::histogram(std::string_view name, std::string_view help,
                               const Histogram::Reading& reading) {
  begin(name, "histogram", help);
  const std::string whole_name(name);
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    so_far += reading.counts[i];
    const bool is_last = i == reading.bounds.size();
    const std::string bound = is_last ? "+Inf" : number_text(seconds_of(reading.bounds[i]));
    sample(whole_name + "_bucket", {{"le", bound}}, static_cast<double>(so_far));
  }
  sample(whole_name + "_sum", {}, seconds_of(reading.sum));
  whole(whole_name + "_count", so_far);
}

}  // namespace lanyard::agent
