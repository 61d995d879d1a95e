#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "tests/fuzz/fuzz.hpp"

/// A JSON text that is taken has one canonical value, and that has one text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lanyard;
  const fuzz::Bounds bounds(size);
  const auto value = from_json(as_text(ByteView(data, size)));
  if (!value) return 0;
  CanonicalReader in(*value);
  static_cast<void>(in.value());
  fuzz::require(in.finish().has_value(), "JSON becomes canonical msgpack");
  const auto again = from_json(to_json(*value));
  fuzz::require(again && *again == *value, "JSON -> canonical -> JSON changes nothing");
  return 0;
}
