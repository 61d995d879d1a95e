#include "agent/api/request_gate.hpp"

#include <algorithm>
#include <array>

#include "agent/access/origin.hpp"
#include "agent/access/page_name.hpp"
#include "agent/ascii_text.hpp"
#include "agent/display_text.hpp"

namespace lanyard::agent {
namespace {

/// Pages that have a name of their own for this machine are not among them: that is how a page of
/// anywhere comes to speak to us as if it were ours.
constexpr auto kOwnNames = std::to_array<std::string_view>({"127.0.0.1", "[::1]", "localhost"});

GateRefusal not_this_host() {
  return {421, "LY-W001", "This request was not meant for this agent",
          "its Host is not a name of this agent",
          "Use http://127.0.0.1, http://[::1] or http://localhost, with the port."};
}

/// No page of ours has one: whoever served this port before has left it in the browser.
GateRefusal not_for_a_worker() {
  return {403, "LY-W018", "There is no service worker here",
          "no page of this agent has a service worker, so this one is somebody else's",
          "The browser is told to remove it, with all that it has kept for this address."};
}

/// Every file of the disk, and every frame in a sandbox, has this origin: who allowed one would
/// allow all of them.
GateRefusal not_of_an_origin() {
  return {403, "LY-W002", "This page may not use the agent",
          "a page that is opened from a file, or kept in a sandbox, has no origin of its own, and "
          "nobody can allow it alone",
          "Serve its folder, and open it from there: python3 -m http.server --bind 127.0.0.1 8000, "
          "then http://127.0.0.1:8000."};
}

GateRefusal not_this_origin(std::string why) {
  return {403, "LY-W002", "This page may not use the agent", std::move(why),
          "Let it ask for access (POST /v1/apps/requests), or give it a token that is bound to its "
          "origin: lanyard token create --origin URL"};
}

/// Types that a browser does not send to another origin before it has asked.
bool is_accepted(std::string_view type) {
  constexpr auto kTypes =
      std::to_array<std::string_view>({"application/json", "application/merge-patch+json"});
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end() || is_lines_type(type);
}

/// What the browser itself says of where a request comes from (Fetch Metadata).
std::optional<GateRefusal> refuse_site(const Approach& approach) {
  if (!approach.fetch_site) return {};
  const std::string_view site = *approach.fetch_site;
  const bool reads = approach.method == "GET" || approach.method == "HEAD";
  if (site == "same-origin" || (site == "none" && reads)) return {};
  if ((site == "same-site" || site == "cross-site") && approach.origin) return {};
  // What a browser says of its extensions and a shell of its pages; of no page of the web.
  const bool is_of_a_shell = approach.origin && !approach.origin->starts_with("http");
  if (site == "none" && is_of_a_shell) return {};
  return not_this_origin("a page of another origin sent this without asking whether it may");
}

/// Why only JSON is taken: a page of anywhere sends forms and text without asking (Fetch, 2.2.2).
std::string why_unread(const std::string& type) {
  if (type.empty()) return "its Content-Type is missing";
  return "its type is " + display_cut(type, 60) + ", and only JSON and lines of JSON are taken";
}

}  // namespace

bool Doors::is_own_host(std::string_view host) const {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.substr(colon + 1) != std::to_string(port))
    return false;
  return is_page_name(host.substr(0, colon)) ||
         std::any_of(kOwnNames.begin(), kOwnNames.end(), [&](std::string_view name) {
           return is_same_text(host.substr(0, colon), name);
         });
}

bool Doors::is_own_origin(std::string_view origin) const {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && is_own_host(origin.substr(kScheme.size()));
}

bool Doors::is_known(const std::string& origin) const {
  return is_own_origin(origin) || is_registered(origin);
}

std::string media_type(std::string_view content_type) {
  return lower(trimmed(content_type.substr(0, content_type.find(';'))));
}

bool is_lines_type(std::string_view type) {
  constexpr auto kTypes = std::to_array<std::string_view>(
      {"application/x-ndjson", "application/ndjson", "application/jsonl"});
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::optional<std::string> lines_type_of(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string type = media_type(accept.substr(0, comma));
    if (is_lines_type(type)) return type;
    if (type == "application/json") return std::nullopt;
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
  }
  return std::nullopt;
}

std::optional<GateRefusal> refuse_approach(const Approach& approach, const Doors& doors) {
  if (!doors.is_own_host(approach.host)) return not_this_host();
  if (approach.is_for_worker) return not_for_a_worker();
  if (approach.origin) {
    const std::string& origin = *approach.origin;
    if (origin == "null") return not_of_an_origin();
    const bool may_ask = approach.is_for_strangers && is_origin(origin);
    if (!may_ask && !doors.is_known(origin))
      return not_this_origin("pages of this origin were not allowed to use this agent");
  }
  if (auto refusal = refuse_site(approach)) return refusal;
  const std::string coding(trimmed(approach.content_coding.value_or("")));
  if (!coding.empty() && !is_same_text(coding, "identity"))
    return GateRefusal{415, "LY-W003", "A body of this type is not read here",
                       "the body is compressed (Content-Encoding: " + display_cut(coding, 60) + ")",
                       "Send it as it is, without a Content-Encoding."};
  const bool is_sent_unasked = approach.has_body || approach.content_type;
  const std::string type = media_type(approach.content_type.value_or(""));
  if (is_sent_unasked && !is_accepted(type))
    return GateRefusal{415, "LY-W003", "A body of this type is not read here", why_unread(type),
                       "Send Content-Type: application/json."};
  return {};
}

}  // namespace lanyard::agent
