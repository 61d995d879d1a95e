#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "tests/fuzz/fuzz.hpp"

/// A value that is taken as canonical is the one spelling of what it means.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lanyard;
  const ByteView input(data, size);
  const fuzz::Bounds bounds(size);
  CanonicalReader in(input);
  static_cast<void>(in.value());
  if (!in.finish()) return 0;
  const auto again = from_json(to_json(input));
  fuzz::require(again && equal(*again, input), "canonical -> JSON -> canonical changes nothing");
  return 0;
}
