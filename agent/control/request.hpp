#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json_slices.hpp"

/// One request line of the control socket (docs/CONTROL.md), as views into the line. Pure.
namespace lanyard::agent {

/// The parameters of a request. Each is asked for once, by its name and type; a wrong type, a
/// missing one and, at the end, one that nobody asked for are kUsage with its name.
class Params {
 public:
  Params() = default;
  explicit Params(JsonObject object) : object_(std::move(object)) {
    used_.resize(object_.members().size());
  }

  [[nodiscard]] Result<std::string> text(std::string_view name);
  [[nodiscard]] Result<std::optional<std::string>> optional_text(std::string_view name);
  [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise,
                                             std::int64_t min, std::int64_t max);
  [[nodiscard]] Result<bool> boolean(std::string_view name, bool otherwise);
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view name);
  /// The JSON text of any value.
  [[nodiscard]] Result<std::string_view> json(std::string_view name);
  /// A null counts as missing, as it does for everything optional.
  [[nodiscard]] std::optional<std::string_view> optional_json(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const { return object_.find(name).has_value(); }
  [[nodiscard]] Result<std::vector<std::string_view>> elements(std::string_view name);
  /// kUsage if there are parameters that were not asked for.
  [[nodiscard]] Status finish() const;

 private:
  JsonObject object_;
  std::vector<bool> used_;
};

struct Request {
  std::string id;  ///< its JSON text, to be sent back: a number or a string of at most 128 bytes
  std::string method;
  Params params;
};

/// What is wrong with a line, and the id to say it under: "null" where it has none.
struct BadRequest {
  std::string id;
  Error error;
};

/// The views point into `line`.
[[nodiscard]] tl::expected<Request, BadRequest> parse_request(std::string_view line);

/// {"id":...,"error":{"code","title","why","fix","exit"}} and a line break.
[[nodiscard]] std::string error_line(std::string_view id, const Error& error);

}  // namespace lanyard::agent
