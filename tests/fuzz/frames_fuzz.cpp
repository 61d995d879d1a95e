#include "replication/wire/framing.hpp"
#include "tests/fuzz/fuzz.hpp"

/// Frames that join to a message are the frames of that message. The input is what stands on the
/// wire, unsealed: size (2 bytes, big-endian), frame, and so on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lanyard;
  ByteView input(data, size);
  const fuzz::Bounds bounds(size);
  wire::FrameJoin join;
  std::vector<Bytes> frames;
  while (input.size() >= 2) {
    const auto declared = static_cast<std::size_t>(input[0] << 8 | input[1]);
    input = input.subspan(2);
    frames.push_back(to_bytes(input.first(std::min(declared, input.size()))));
    input = input.subspan(frames.back().size());
    const auto message = join.take(frames.back());
    if (!message) return 0;
    fuzz::require(join.pending_bytes() <= limits::kMessageBytesMax, "one message at most is held");
    if (!*message) continue;
    fuzz::require(wire::split_frames(**message) == frames, "a message has one spelling in frames");
    frames.clear();
  }
  return 0;
}
