#include "agent/api/live_cursor.hpp"

#include "replication/types/base64url.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::agent {

std::string cursor_text(const LiveCursor& cursor) {
  Bytes out;
  CanonicalWriter writer(out);
  writer.array(cursor.told.size() * 2 + (cursor.begun ? 3 : 0));
  for (const auto& [log, head] : cursor.told) {
    writer.binary(log.view());
    writer.natural(head.seq.value);
  }
  if (cursor.begun) {
    writer.binary(cursor.begun->change.log.view());
    writer.natural(cursor.begun->change.seq.value);
    writer.natural(cursor.begun->records);
  }
  return to_base64url(out);
}

Result<LiveCursor> cursor_from_text(std::string_view text) {
  const auto wrong = [] {
    return fail(Code::kUsage, "the cursor is not one that this API gave",
                "Subscribe without one: a snapshot comes first then.");
  };
  const auto bytes = from_base64url(text);
  if (!bytes) return wrong();
  CanonicalReader in(*bytes);
  const std::size_t size = in.array();
  const std::size_t begun = size % 2 == 0 ? 0 : 3;
  if (size < begun) return wrong();
  LiveCursor out;
  for (std::size_t i = begun; i + 1 < size && !in.failed(); i += 2) {
    const auto log = in.fixed<LogId>();
    out.told[log].seq = Seq{in.natural()};
  }
  if (begun != 0 && !in.failed()) {
    const auto log = in.fixed<LogId>();
    const Seq seq{in.natural()};
    out.begun = {{log, seq}, in.natural()};
  }
  if (out.told.size() * 2 + begun != size || !in.finish()) return wrong();
  return out;
}

}  // namespace lanyard::agent
