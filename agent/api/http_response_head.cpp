#include "agent/api/http_response_head.hpp"

#include <algorithm>
#include <array>

#include "agent/api/beast.hpp"
#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

constexpr auto kAlways = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"Server", "lanyard/" LANYARD_VERSION},
    {"X-Content-Type-Options", "nosniff"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
});

}  // namespace

void HttpResponseHead::begin() { fields_.assign(kAlways.begin(), kAlways.end()); }

void HttpResponseHead::set(std::string_view name, std::string_view value) {
  const auto before = std::find_if(fields_.begin(), fields_.end(), [&](const auto& field) {
    return is_same_text(field.first, name);
  });
  if (before == fields_.end()) {
    fields_.emplace_back(name, value);
  } else {
    *before = {name, value};
  }
}

void HttpResponseHead::write(int status, std::string& out) const {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  out.assign("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : fields_)
    out.append(name).append(": ").append(value).append("\r\n");
  out.append("\r\n");
}

}  // namespace lanyard::agent
