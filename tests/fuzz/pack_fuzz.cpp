#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/oplog/pack.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lanyard;
using namespace lanyard::oplog;

/// The device of tests/golden/changes.json: its packs are in the corpus, and open.
class CountingRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

struct Keys {
  Keys() {
    fuzz::require(crypto::init().has_value(), "libsodium starts");
    static_cast<void>(space.make_epoch());
  }
  CountingRng rng;
  crypto::Identity identity = crypto::Identity::make_ephemeral(rng);
  crypto::SpaceKeys space{identity, rng};
};

Bytes hashes_of(const Pack& pack) {
  Bytes out;
  for (const Change& change : pack.changes) append(out, change.hash.view());
  return out;
}

}  // namespace

/// A pack that was read is written again as one that says the same, byte for byte from then on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Keys keys;
  const crypto::SodiumHasher hasher;
  const fuzz::Bounds bounds(size);
  const auto pack = read_pack(ByteView(data, size), keys.space, hasher);
  if (!pack) return 0;
  RunSignatures signatures;
  for (const PackLog& log : pack->logs) signatures.emplace(log.log, log.signature);
  const Bytes written = write_pack(pack->changes, signatures, false);
  const auto again = read_pack(written, keys.space, hasher);
  fuzz::require(again && hashes_of(*again) == hashes_of(*pack), "a pack written again is the same");
  fuzz::require(write_pack(again->changes, signatures, false) == written, "and has one spelling");
  return 0;
}
