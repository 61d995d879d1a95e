#include <catch2/catch.hpp>
#include <cstdlib>

#include "agent/wide_folders.hpp"

using lanyard::agent::is_beneath;
using lanyard::agent::is_home_or_above;

TEST_CASE("a home and what holds it are wide, folders in it and beside it are not") {
  const char* const given = std::getenv("HOME");
  REQUIRE(given != nullptr);
  std::error_code failed;
  const auto home = std::filesystem::canonical(given, failed);
  REQUIRE_FALSE(failed);
  CHECK(is_home_or_above("/"));
  CHECK(is_home_or_above(home));
  CHECK(is_home_or_above(home.parent_path()));
  if (home != "/") CHECK_FALSE(is_home_or_above(home / "lib"));
  CHECK_FALSE(is_home_or_above("/usr/lib"));
}

TEST_CASE("a folder is beneath another by whole names") {
  CHECK(is_beneath("/a/b", "/a"));
  CHECK(is_beneath("/a/b", "/a/b"));
  CHECK(is_beneath("/a/b", "/"));
  CHECK_FALSE(is_beneath("/a/bc", "/a/b"));
  CHECK_FALSE(is_beneath("/a", "/a/b"));
}
