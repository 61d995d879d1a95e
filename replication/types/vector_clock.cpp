#include "replication/types/vector_clock.hpp"

namespace lanyard {

bool covers(const VectorClock& left, const VectorClock& right) {
  return missing_count(right, left) == 0;
}

std::uint64_t missing_count(const VectorClock& left, const VectorClock& right) {
  std::uint64_t count = 0;
  for (const auto& [log, head] : left) {
    const Seq held = seq_in(right, log);
    if (head.seq > held) count += head.seq.value - held.value;
  }
  return count;
}

void raise(VectorClock& clock, const VectorClock& heads) {
  for (const auto& [log, head] : heads) {
    if (head.seq > seq_in(clock, log)) clock[log] = head;
  }
}

}  // namespace lanyard
