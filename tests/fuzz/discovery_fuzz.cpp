#include "discovery/pipe_message.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::discovery;

/// The rdata of a TXT record: strings behind one byte of length each; a last one may lie.
void read_as_txt(ByteView input) {
  std::vector<ByteView> strings;
  while (!input.empty()) {
    const std::size_t size = std::min<std::size_t>(input[0], input.size() - 1);
    strings.push_back(input.subspan(1, size));
    input = input.subspan(1 + size);
  }
  const auto text = read_txt(strings);
  if (!text) return;
  const std::vector<std::string> written = txt_strings(*text);
  std::vector<ByteView> again;
  again.reserve(written.size());
  for (const std::string& each : written) again.push_back(as_bytes(each));
  const auto same = read_txt(again);
  fuzz::require(same && *same == *text, "what was understood of a TXT record can be written");
}

/// What the discovery child, taken over by somebody, could say.
void read_as_child(ByteView input) {
  PipeFrames frames(kToAgentBytesMax);
  frames.add(input);
  while (true) {
    const auto frame = frames.next();
    if (!frame || !*frame) return;
    const auto message = decode_child_message(**frame);
    if (!message) return;
    const Bytes again = encode(*message);
    fuzz::require(equal(ByteView(again).subspan(2), **frame),
                  "reading and writing a message of the child changes nothing");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const fuzz::Bounds bounds(size);
  read_as_txt(input);
  read_as_child(input);
  return 0;
}
