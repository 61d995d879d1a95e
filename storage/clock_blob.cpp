#include "storage/clock_blob.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::storage {

Bytes encode_clock(const VectorClock& clock) {
  Bytes bytes;
  CanonicalWriter out(bytes);
  out.array(clock.size());
  for (const auto& [log, head] : clock) {
    out.array(3);
    out.binary(log.view());
    out.natural(head.seq.value);
    out.binary(head.hash.view());
  }
  return bytes;
}

Result<VectorClock> decode_clock(ByteView bytes) {
  CanonicalReader in(bytes);
  VectorClock clock;
  for (std::size_t left = in.array(); left > 0; --left) {
    if (in.array() != 3) in.fail(Code::kCorrupt);
    const auto log = in.fixed<LogId>();
    const Seq seq{in.natural()};
    clock[log] = Head{seq, in.fixed<Hash>()};
  }
  if (!in.finish()) return fail(Code::kCorrupt, "platform.sqlite: a peer's progress");
  return clock;
}

}  // namespace lanyard::storage
