#include "agent/api/live_cursor.hpp"

#include "replication/types/base64url.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::agent {

std::string cursor_text(const VectorClock& seen) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(seen.size() * 2);
  for (const auto& [log, head] : seen) {
    writer.binary(log.view());
    writer.natural(head.seq.value);
  }
  return to_base64url(out);
}

Result<VectorClock> cursor_from_text(std::string_view text) {
  const auto wrong = [] {
    return fail(Code::kUsage, "the cursor is not one that this API gave",
                "Subscribe without one: a snapshot comes first then.");
  };
  const auto bytes = from_base64url(text);
  if (!bytes) return wrong();
  CanonicalReader in(*bytes);
  const std::size_t size = in.array();
  VectorClock out;
  for (std::size_t i = 0; i + 1 < size && !in.failed(); i += 2) {
    const auto log = in.fixed<LogId>();
    out[log].seq = Seq{in.natural()};
  }
  if (size % 2 != 0 || out.size() * 2 != size || !in.finish()) return wrong();
  return out;
}

}  // namespace lanyard::agent
