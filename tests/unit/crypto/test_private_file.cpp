#include "crypto/private_file.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "crypto/identity.hpp"
#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

TEST_CASE("a private file comes back as it was written") {
  const TemporaryFolder folder;
  REQUIRE(create_private_file(folder / "file", Bytes{1, 2, 3}));
  Bytes into(10);
  const auto size = read_private_file(folder / "file", into);
  REQUIRE(size == 3U);
  into.resize(*size);
  CHECK(into == Bytes{1, 2, 3});
}

TEST_CASE("a private file is read no further than there is room") {
  const TemporaryFolder folder;
  REQUIRE(create_private_file(folder / "file", Bytes{1, 2, 3}));
  Bytes into(2);
  CHECK(read_private_file(folder / "file", into) == 2U);
  CHECK(into == Bytes{1, 2});
}

TEST_CASE("a private file is never replaced, and a vain attempt leaves nothing behind") {
  const TemporaryFolder folder;
  REQUIRE(create_private_file(folder / "file", Bytes{1}));
  CHECK(code_of(create_private_file(folder / "file", Bytes{2})) == Code::kExists);
  Bytes into(1);
  CHECK(read_private_file(folder / "file", into) == 1U);
  CHECK(into == Bytes{1});
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("of several processes that start at once, all get one identity") {
  for (int round = 0; round < 20; ++round) {
    const TemporaryFolder folder;
    std::array<DeviceId, 4> devices;
    {
      std::vector<std::jthread> starting;
      for (std::size_t i = 0; i < devices.size(); ++i) {
        starting.emplace_back([&folder, &device = devices[i]] {
          SystemRng rng;
          const auto identity = Identity::load_or_create(folder / "identity.key", rng);
          if (identity) device = identity->device();
        });
      }
    }
    CHECK_FALSE(devices[0].is_zero());
    CHECK(std::count(devices.begin(), devices.end(), devices[0]) == 4);
    CHECK(names_in(folder.path()) == std::vector<std::string>{"identity.key"});
  }
}

}  // namespace
}  // namespace lanyard::crypto
