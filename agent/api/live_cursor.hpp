#pragma once

#include <string>
#include <string_view>

#include "replication/types/result.hpp"
#include "replication/types/vector_clock.hpp"

namespace lanyard::agent {

/// How far a client of the live channel has been told of a space, as text that it hands back when
/// it comes again: how many changes of which logs. Opaque, safe in URLs, good after a restart and
/// on every device. Base64url of canonical msgpack [log id, seq, log id, seq, ...]. Pure.
[[nodiscard]] std::string cursor_text(const VectorClock& seen);
/// kUsage for anything that cursor_text() did not write. Its heads have no hash.
[[nodiscard]] Result<VectorClock> cursor_from_text(std::string_view text);

}  // namespace lanyard::agent
