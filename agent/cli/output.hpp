#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lanyard::agent {

/// Where the CLI prints. Everything from elsewhere goes through display_text() before it gets here.
/// Printing into a closed pipe ends the process with exit code 141.
class Output {
 public:
  struct Style {
    bool json = false;
    bool quiet = false;
    bool color = false;
    bool terminal = false;    ///< standard output is one
    std::size_t columns = 0;  ///< of the terminal; 0: tables are as wide as they want
  };
  explicit Output(Style style) : style_(style) {}

  [[nodiscard]] const Style& style() const { return style_; }
  /// What was asked for.
  void print(std::string_view text) const;
  void line(std::string_view text) const;
  /// What is good to know; nothing with --quiet or --json.
  void say(std::string_view text) const;
  /// {"schema":"lanyard.<schema>", ...members of the object}
  void json(std::string_view schema, std::string_view object) const;
  /// A table, as wide as the terminal at most: cells that are too wide for it end with an ellipsis.
  /// A file or a pipe gets it whole.
  void print_table(const std::vector<std::vector<std::string>>& rows) const;
  /// To standard error.
  void error(std::string_view text) const;
  /// On a terminal one line that is written again and again; elsewhere a line of its own.
  void progress(std::string_view text) const;
  /// Ends the line that progress() writes on.
  void end_progress() const;

  enum class Tone { kGood, kWarning, kBad, kQuiet, kBold };
  [[nodiscard]] std::string toned(Tone tone, std::string_view text) const;

 private:
  Style style_;
};

/// Columns as wide as their widest cell, below headings; of those that are wider than the others
/// something is cut until a line has at most `columns_max` (0: no limit), but not of the columns ID
/// and KEY, which are there to be copied. Cells are shown as they are: escape them before.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows,
                                std::size_t columns_max = 0);

[[nodiscard]] std::string count_text(std::uint64_t count);           ///< "1,204"
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);           ///< "2.4 MB"
[[nodiscard]] std::string duration_text(std::int64_t milliseconds);  ///< "3 h 12 m"
/// "now", "2 h ago", "never" for 0.
[[nodiscard]] std::string age_text(std::int64_t then_ms, std::int64_t now_ms);
/// "1 device", "2 devices"
[[nodiscard]] std::string plural(std::uint64_t count, std::string_view noun);

}  // namespace lanyard::agent
