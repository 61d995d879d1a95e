#include "replication/wire/framing.hpp"

#include <utility>

#include "replication/types/check.hpp"

namespace lanyard::wire {
namespace {

constexpr std::uint8_t kMore = 0;
constexpr std::uint8_t kLast = 1;

}  // namespace

std::vector<Bytes> split_frames(ByteView message) {
  LANYARD_CHECK(!message.empty() && message.size() <= limits::kMessageBytesMax,
                "a message keeps its bounds");
  std::vector<Bytes> frames;
  while (!message.empty()) {
    const ByteView part = message.first(std::min(message.size(), kFramePartBytesMax));
    message = message.subspan(part.size());
    Bytes& frame = frames.emplace_back();
    frame.reserve(kFrameMarkBytes + part.size());
    frame.push_back(message.empty() ? kLast : kMore);
    append(frame, part);
  }
  return frames;
}

Result<std::optional<Bytes>> FrameJoin::take(ByteView frame, std::size_t bytes_max) {
  if (frame.size() < kFrameMarkBytes + 1 || frame.size() > kFramePlainBytesMax || frame[0] > kLast)
    return fail(Code::kMalformed, "frame");
  const bool last = frame[0] == kLast;
  const ByteView part = frame.subspan(kFrameMarkBytes);
  if (!last && part.size() != kFramePartBytesMax) return fail(Code::kMalformed, "frame");
  if (pending_.size() + part.size() > bytes_max) return fail(Code::kTooLarge, "message");
  append(pending_, part);
  if (!last) return std::optional<Bytes>();
  return std::optional<Bytes>(std::exchange(pending_, {}));
}

}  // namespace lanyard::wire
