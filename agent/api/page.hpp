#pragma once

#include <string_view>

/// The files of agent/api/page as they were compiled in.
namespace lanyard::agent {

[[nodiscard]] std::string_view status_html();
[[nodiscard]] std::string_view status_js();
[[nodiscard]] std::string_view status_css();
[[nodiscard]] std::string_view icon_svg();

}  // namespace lanyard::agent
