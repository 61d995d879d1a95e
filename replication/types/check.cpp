#include "replication/types/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace lanyard {

void check_failed(const char* condition, const char* why, const char* file, int line) noexcept {
  std::fprintf(stderr, "lanyard: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
  std::abort();
}

}  // namespace lanyard
