#include "agent/pairing/talk.hpp"
#include "crypto/sodium.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/chance.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::agent;

/// Messages behind one byte of length each; a last one may be cut short.
std::vector<ByteView> messages_in(ByteView input) {
  std::vector<ByteView> out;
  while (!input.empty()) {
    const std::size_t size = std::min<std::size_t>(input[0], input.size() - 1);
    out.push_back(input.subspan(1, size));
    input = input.subspan(1 + size);
  }
  return out;
}

/// Whether it is one.
bool read_one(ByteView bytes) {
  const auto message = decode_pairing(bytes);
  if (message)
    fuzz::require(equal(encode(*message), bytes), "a pairing's message has one way to be written");
  return message.has_value();
}

/// Whoever says these things does not know the code: an open window, and a joiner.
void say_all(const std::vector<ByteView>& messages) {
  support::Chance dice(1);
  PairingEnds ends;
  ends.joiner.bytes.fill(1);
  ends.host.bytes.fill(2);
  PairingWindow window(dice);
  window.open(discovery::Tick{1});
  HostTalk host(ends, window, dice);
  JoinTalk joiner(ends, crypto::PairingCode::random(dice), dice);
  for (const ByteView each : messages) {
    const auto by_host = host.hear(each, discovery::Tick{2});
    const auto by_joiner = joiner.hear(each);
    fuzz::require(
        by_host.event == HostTalk::Event::kNothing || by_host.event == HostTalk::Event::kWrong,
        "a host is matched by the code alone");
    fuzz::require(by_joiner.event == JoinTalk::Event::kNothing,
                  "a joiner is matched by the code alone");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_ready = crypto::init().has_value();
  fuzz::require(is_ready, "libsodium is there");
  const ByteView input(data, size);
  const fuzz::Bounds bounds(size);
  read_one(input);
  const auto messages = messages_in(input);
  bool says_something = false;
  for (const ByteView each : messages) says_something = read_one(each) || says_something;
  if (says_something) say_all(messages);  // costs four products of points
  return 0;
}
