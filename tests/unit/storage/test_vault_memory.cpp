#include <fstream>

#include "tests/support/counted_allocations.hpp"
#include "tests/unit/storage/test_vault.hpp"

// A sanitizer keeps what is freed.
#ifdef LANYARD_COUNTS_ALLOCATIONS

namespace lanyard::storage {
namespace {

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("what busy times took is given back once a space was not used for a minute") {
  constexpr std::size_t kPieces = 64 * 1024;
  constexpr std::size_t kPieceBytes = 1024;
  VaultDevice device;
  device.open();
  device.create("Notes");
  std::vector<std::unique_ptr<Bytes>> pieces;
  for (std::size_t i = 0; i < kPieces; ++i)
    pieces.push_back(std::make_unique<Bytes>(kPieceBytes, std::uint8_t{1}));
  // Something behind it all that stays: without it the C library gives memory back by itself.
  const auto last = std::make_unique<Bytes>(kPieceBytes, std::uint8_t{1});
  pieces.clear();
  const std::size_t before = resident_bytes();
  static_cast<void>(device.vault().upkeep(device.wall));  // its minute begins
  device.wall.ms += 61'000;
  CHECK(device.vault().upkeep(device.wall));
  CHECK(resident_bytes() + kPieces * kPieceBytes / 2 < before);
}

}  // namespace lanyard::storage

#endif
