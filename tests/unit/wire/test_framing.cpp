#include <catch2/catch.hpp>

#include "replication/wire/framing.hpp"
#include "replication/wire/version.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::wire;
using limits::kMessageBytesMax;

struct Joined {
  std::vector<Bytes> messages;
  std::error_code refused;
  friend bool operator==(const Joined&, const Joined&) = default;
};

Joined joined(const std::vector<Bytes>& frames) {
  Joined out;
  FrameJoin join;
  for (const Bytes& frame : frames) {
    auto message = join.take(frame);
    if (!message) return out.refused = message.error().code, out;
    if (*message) out.messages.push_back(std::move(**message));
  }
  return out;
}

Bytes frame(std::uint8_t mark, std::size_t size) {
  Bytes out(1 + size, 7);
  out[0] = mark;
  return out;
}

TEST_CASE("messages of every size come out of their frames as they went in") {
  support::Chance chance(16);
  std::vector<Bytes> messages;
  std::vector<Bytes> frames;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{2}, kFramePartBytesMax - 1, kFramePartBytesMax,
        kFramePartBytesMax + 1, 2 * kFramePartBytesMax, kMessageBytesMax}) {
    messages.push_back(chance.bytes(size));
    for (Bytes& each : split_frames(messages.back())) frames.push_back(std::move(each));
  }
  CHECK(joined(frames) == Joined{messages, {}});
}

TEST_CASE("a message fills its frames, and the last of them is marked") {
  const auto frames = split_frames(Bytes(kFramePartBytesMax + 1, 7));
  CHECK(frames == std::vector<Bytes>{frame(0, kFramePartBytesMax), frame(1, 1)});
  CHECK(split_frames(Bytes(kFramePartBytesMax, 7)) ==
        std::vector<Bytes>{frame(1, kFramePartBytesMax)});
  CHECK(kFramePlainBytesMax == 65'519);
}

TEST_CASE("a frame that nobody makes is refused") {
  const std::error_code malformed = make_error_code(Code::kMalformed);
  CHECK(joined({Bytes{}}).refused == malformed);
  CHECK(joined({frame(1, 0)}).refused == malformed);
  CHECK(joined({frame(0, 0)}).refused == malformed);
  CHECK(joined({frame(2, 5)}).refused == malformed);
  CHECK(joined({frame(255, 5)}).refused == malformed);
  CHECK(joined({frame(0, kFramePartBytesMax - 1)}).refused == malformed);
  CHECK(joined({frame(1, kFramePartBytesMax + 1)}).refused == malformed);
  CHECK(joined({frame(1, 10 * kFramePartBytesMax)}).refused == malformed);
}

TEST_CASE("a message beyond 2 MiB is refused at the frame that goes beyond") {
  const std::size_t whole = kMessageBytesMax / kFramePartBytesMax;
  std::vector<Bytes> frames(whole, frame(0, kFramePartBytesMax));
  const std::size_t left = kMessageBytesMax - whole * kFramePartBytesMax;
  frames.push_back(frame(1, left));
  CHECK(joined(frames) == Joined{{Bytes(kMessageBytesMax, 7)}, {}});
  frames.back() = frame(1, left + 1);
  CHECK(joined(frames) == Joined{{}, make_error_code(Code::kTooLarge)});

  FrameJoin join;
  for (int i = 0; i < 320; ++i) {
    static_cast<void>(join.take(frame(0, kFramePartBytesMax)));
    CHECK(join.pending_bytes() <= kMessageBytesMax);
  }
}

// ---- versions

TEST_CASE("a dialer offers a range of versions in eight bytes") {
  CHECK(to_hex(offer({1, 1})) == "4c4e594400010001");
  CHECK(to_hex(offer({0x0102, 0xFFFE})) == "4c4e59440102fffe");
  CHECK(read_offer(offer({3, 700})) == VersionRange{3, 700});
}

TEST_CASE("what is no offer of Lanyard is refused") {
  for (const std::string bad :
       {"", "4c4e5944000100", "4c4e59440001000100", "4c4e594500010001", "474554202f204854",
        "4c4e594400000001", "4c4e594400000000", "4c4e594400020001"}) {
    INFO(bad);
    CHECK(read_offer(from_hex(bad).value()).error().is(Code::kMalformed));
  }
}

TEST_CASE("the highest version that both speak is chosen, or none") {
  CHECK(choose({1, 1}, {1, 1}) == 1);
  CHECK(choose({1, 3}, {2, 9}) == 3);
  CHECK(choose({2, 9}, {1, 3}) == 3);
  CHECK(choose({1, 2}, {3, 4}) == kNoVersion);
  CHECK(choose({3, 4}, {1, 2}) == kNoVersion);
}

TEST_CASE("a listener answers with its choice in eight bytes") {
  CHECK(to_hex(answer(1)) == "4c4e594400010000");
  CHECK(read_answer(answer(2), {1, 3}) == Version{2});
  CHECK(read_answer(answer(kNoVersion), {1, 3}).error().is(Code::kNewerVersion));
  CHECK(read_answer(answer(4), {1, 3}).error().is(Code::kMalformed));
  CHECK(read_answer(answer(1), {2, 3}).error().is(Code::kMalformed));
  CHECK(read_answer(offer({1, 1}), {1, 1}).error().is(Code::kMalformed));
  CHECK(read_answer(Bytes{}, {1, 1}).error().is(Code::kMalformed));
}

}  // namespace
