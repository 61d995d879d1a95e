#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lanyard::agent {

/// What the head of a request says of who speaks, before anything else of it is looked at. A header
/// that is not there is nothing; an empty one is empty.
struct Approach {
  std::string method;
  std::string host;
  std::optional<std::string> origin;
  std::optional<std::string> fetch_site;  ///< Sec-Fetch-Site
  std::optional<std::string> content_type;
  std::optional<std::string> content_coding;  ///< Content-Encoding
  bool has_body = false;
  /// It asks for the script of a service worker (Service Workers, 4.1: `Service-Worker: script`).
  bool is_for_worker = false;
  /// What is asked for is open to pages that nobody allowed anything yet.
  bool is_for_strangers = false;
};

/// What is known of this agent's own doors and of the pages that may use them.
struct Doors {
  std::uint16_t port = 0;
  /// Whether some app was allowed to speak from this origin.
  std::function<bool(const std::string& origin)> is_registered;

  /// Pages of this agent itself.
  [[nodiscard]] bool is_own_host(std::string_view host) const;
  [[nodiscard]] bool is_own_origin(std::string_view origin) const;
  /// Either of the two.
  [[nodiscard]] bool is_known(const std::string& origin) const;
};

/// Why nobody looks at the request.
struct GateRefusal {
  int status = 403;
  std::string code;
  std::string title;
  std::string why;
  std::string fix;
};

/// The first thing that every request passes. It stops (docs/SECURITY.md): a page that has
/// another name for this machine (DNS rebinding), a page of another origin, a request that a
/// browser sends without asking. Pure.
[[nodiscard]] std::optional<GateRefusal> refuse_approach(const Approach& approach,
                                                         const Doors& doors);

/// "application/json" of "Application/JSON; charset=utf-8".
[[nodiscard]] std::string media_type(std::string_view content_type);
/// Whether it is one of the names that JSON texts, a line each, go by.
[[nodiscard]] bool is_lines_type(std::string_view type);
/// That of the types that an Accept header names which is ours to answer lines with; nothing where
/// JSON is named before one, or none is.
[[nodiscard]] std::optional<std::string> lines_type_of(std::string_view accept);

}  // namespace lanyard::agent
