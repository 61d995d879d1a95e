#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "replication/types/result.hpp"
#include "replication/types/vector_clock.hpp"

namespace lanyard::agent {

/// How far a client of the live channel has been told of a space.
struct LiveCursor {
  VectorClock told;  ///< of every record that these changes are about; heads have no hash
  /// Of the next change beyond them, how many of its records, as it names them one after the other.
  struct Begun {
    Dot change;
    std::uint64_t records = 0;
    friend bool operator==(const Begun&, const Begun&) = default;
  };
  std::optional<Begun> begun;
  friend bool operator==(const LiveCursor&, const LiveCursor&) = default;
};

/// As text that the client hands back when it comes again: opaque, safe in URLs, good after a
/// restart and on every device. Base64url of canonical msgpack [log id, seq, log id, seq, ...], and
/// of a change that is begun, its log id, seq and number of records behind them. Pure.
[[nodiscard]] std::string cursor_text(const LiveCursor& cursor);
/// kUsage for anything that cursor_text() did not write.
[[nodiscard]] Result<LiveCursor> cursor_from_text(std::string_view text);

}  // namespace lanyard::agent
