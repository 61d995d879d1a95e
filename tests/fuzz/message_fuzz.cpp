#include "replication/wire/codec.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lanyard;

/// A link that knows a space, two logs and an epoch: those of tests/golden/messages.json.
wire::LinkNames some_names() {
  wire::LinkNames names;
  names.learn(Bytes(16, 0x11));
  names.learn(Bytes(32, 0x22));
  names.learn(Bytes(32, 0x33));
  names.learn(Bytes(16, 0x88));
  return names;
}

}  // namespace

/// Bytes that are taken as a message are what the sender of this message would have written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  wire::LinkNames receiver = some_names();
  wire::LinkNames sender = some_names();
  const fuzz::Bounds bounds(size);
  const auto message = wire::decode(input, receiver);
  if (!message) {
    fuzz::require(receiver.size() == sender.size(), "a refused message teaches no names");
    return 0;
  }
  fuzz::require(equal(wire::encode(*message, sender), input),
                "reading and writing a message changes nothing");
  fuzz::require(receiver.size() == sender.size(), "both ends learn the same names");
  return 0;
}
