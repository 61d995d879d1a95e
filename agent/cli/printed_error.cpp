#include "agent/cli/printed_error.hpp"

#include "agent/errors.hpp"

namespace lanyard::agent {
namespace {

/// What stands behind `begin` on the last line that begins so.
std::string_view last_line_behind(std::string_view text, std::string_view begin) {
  const std::size_t at = text.rfind(begin);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return {};
  const std::string_view rest = text.substr(at + begin.size());
  return rest.substr(0, rest.find('\n'));
}

}  // namespace

std::optional<Error> printed_error(std::string_view output) {
  std::string_view id = last_line_behind(output, "  (LY-");
  id = id.substr(0, id.find(')'));
  const auto code = code_of("LY-" + std::string(id));
  if (id.empty() || !code) return std::nullopt;
  return Error(*code, std::string(last_line_behind(output, "  Why: ")),
               std::string(last_line_behind(output, "  Fix: ")));
}

}  // namespace lanyard::agent
