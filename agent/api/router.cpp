#include "agent/api/router.hpp"

namespace lanyard::agent {
namespace {

/// The segment up to the next slash, which is taken away with it.
std::string_view take_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return segment;
}

/// Whether the path has the pattern's words; `names`: the segments that stand for its {names}.
bool has_words(std::string_view pattern, std::string_view path,
               std::vector<std::string_view>& names) {
  names.clear();
  if (path.ends_with('/') && path != "/") return false;
  while (!pattern.empty() || !path.empty()) {
    if (pattern.empty() != path.empty()) return false;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view segment = take_segment(path);
    if (wanted.starts_with('{')) {
      names.push_back(segment);
    } else if (wanted != segment) {
      return false;
    }
  }
  return true;
}

/// A name stands for one segment that is not empty and does not climb.
bool read_names(const std::vector<std::string_view>& segments, std::vector<std::string>& names) {
  names.clear();
  for (const std::string_view segment : segments) {
    auto name = decoded(segment);
    if (!name || name->empty() || *name == "." || *name == "..") return false;
    names.push_back(std::move(*name));
  }
  return true;
}

}  // namespace

Match find_route(std::span<const Route> routes, std::string_view method, std::string_view path) {
  Match match;
  std::vector<std::string_view> segments;
  std::vector<std::string> names;
  for (const Route& route : routes) {
    if (!has_words(route.path, path, segments) || !read_names(segments, names)) continue;
    const bool is_asked = route.method == method || (route.method == "GET" && method == "HEAD");
    if (is_asked) return {&route, std::move(names), {}};
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
    if (route.method == "GET") match.allowed += ", HEAD";
  }
  return match;
}

const Route* find_open_route(std::span<const Route> routes, std::string_view method,
                             std::string_view path) {
  const Match match = find_route(routes, method, path);
  const bool is_open = match.route && match.route->need == Need::kStranger;
  return is_open && match.route->method == method ? match.route : nullptr;
}

}  // namespace lanyard::agent
