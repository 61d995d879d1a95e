#include "replication/oplog/change.hpp"
#include "tests/fuzz/fuzz.hpp"

/// Bytes that are taken as a header are its one encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lanyard;
  const ByteView input(data, size);
  const fuzz::Bounds bounds(size);
  const auto header = oplog::decode_header(input);
  if (!header) return 0;
  Bytes again;
  oplog::encode(*header, again);
  fuzz::require(equal(again, input), "reading and writing a header changes nothing");
  return 0;
}
