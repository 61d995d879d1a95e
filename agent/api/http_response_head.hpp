#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lanyard::agent {

/// The head of one answer (RFC 9112, 4 and 5). Names and values are views, which the caller keeps
/// until write(); it is to be used again for the next answer, and keeps its memory.
class HttpResponseHead {
 public:
  /// Empties it, but for what every answer says: who answers, and to a browser to guess nothing,
  /// keep nothing, frame nothing and run nothing.
  void begin();
  /// A field of this name, whatever its letters' case, that was set before is gone.
  void set(std::string_view name, std::string_view value);
  /// Replaces `out` by the text of it, with the empty line.
  void write(int status, std::string& out) const;

 private:
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

}  // namespace lanyard::agent
