#include "replication/oplog/open_op.hpp"
#include "replication/types/canonical.hpp"
#include "tests/fuzz/fuzz.hpp"

/// A payload with an effect is the one encoding of its ops, sealed or open.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lanyard;
  using namespace lanyard::oplog;
  const ByteView plain(data, size);
  const fuzz::Bounds bounds(size);
  OpReader in(plain);
  Bytes again{plain.empty() ? kEncodingMsgpack : plain.front()};
  CanonicalWriter(again).array(in.count());
  for (Op op; in.next(op);) encode(op, again);
  if (in.effect() == Effect::kEffective)
    fuzz::require(equal(again, plain), "reading and writing ops changes nothing");
  if (const auto ops = read_open(plain))
    fuzz::require(equal(encode_plain(*ops), plain), "reading and writing open ops changes nothing");
  return 0;
}
