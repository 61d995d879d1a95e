#include "storage/descriptors.hpp"

#include <catch2/catch.hpp>

using lanyard::storage::share_of_descriptors;

TEST_CASE("where few files may be open each door takes a few, and where many may, all it wants") {
  CHECK(share_of_descriptors(64, 4, 256) == 4);
  CHECK(share_of_descriptors(40, 4, 256) == 4);
  CHECK(share_of_descriptors(544, 4, 256) == 130);
  CHECK(share_of_descriptors(1023, 4, 256) == 255);
  CHECK(share_of_descriptors(1024, 4, 256) == 256);
  CHECK(share_of_descriptors(1U << 20, 2, 32) == 32);
  CHECK(share_of_descriptors(64, 3, 3) == 3);
}
