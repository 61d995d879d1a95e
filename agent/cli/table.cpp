#include <algorithm>
#include <numeric>
#include <utility>

#include "agent/cli/output.hpp"
#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kGap = 2;
/// No column is cut to less: a few letters tell nothing.
constexpr std::size_t kCutColumnsMin = 8;
constexpr std::string_view kEllipsis = "\u2026";

/// How many bytes of the text are one character, or one colour, which takes no room.
std::size_t step_of(std::string_view text) {
  if (text[0] == '\x1B') return std::min(text.find('m'), text.size() - 1) + 1;
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

std::size_t width_of(std::string_view cell) {
  std::string plain;
  for (std::size_t size = 0; !cell.empty(); cell.remove_prefix(size)) {
    size = step_of(cell);
    if (cell[0] != '\x1B') plain += cell.substr(0, size);
  }
  return display_width(plain);
}

/// The cell in at most `columns`, with all of its colours.
std::string cut(std::string_view cell, std::size_t columns) {
  if (width_of(cell) <= columns) return std::string(cell);
  std::string out;
  std::size_t used = 0;
  bool is_cut = false;
  for (std::size_t size = 0; !cell.empty(); cell.remove_prefix(size)) {
    size = step_of(cell);
    const std::string_view one = cell.substr(0, size);
    if (one[0] == '\x1B') {
      out += one;
    } else if (!is_cut && used + display_width(one) < columns) {
      out += one;
      used += display_width(one);
    } else if (!std::exchange(is_cut, true)) {
      out += kEllipsis;
    }
  }
  return out;
}

/// What is there to be copied.
bool is_kept_whole(const std::string& heading) { return heading == "ID" || heading == "KEY"; }

/// Takes from the widest as long as the whole is too wide, and something can be taken.
void narrow(std::vector<std::size_t>& widths, const std::vector<std::string>& headings,
            std::size_t columns_max) {
  const auto whole = [&] {
    return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  };
  while (whole() > columns_max) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < headings.size(); ++i)
      if (!is_kept_whole(headings[i]) && (widest == nullptr || widths[i] > *widest))
        widest = &widths[i];
    if (widest == nullptr || *widest <= kCutColumnsMin) return;
    --*widest;
  }
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t columns_max) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  if (columns_max > 0 && !rows.empty()) narrow(widths, rows.front(), columns_max);
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = cut(row[i], widths[i]);
      line += cell;
      if (i + 1 < row.size()) line.append(widths[i] - width_of(cell) + kGap, ' ');
    }
    out += line + "\n";
  }
  return out;
}

}  // namespace lanyard::agent
