#pragma once

#include <cstddef>

namespace lanyard::support {

/// Measures how much memory is taken at most, beyond what was taken when this was made. For one
/// thread. A program that uses it is linked by lanyard_measures_memory() of tests/CMakeLists.txt.
class MemoryPeak {
 public:
  MemoryPeak();
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::ptrdiff_t before_ = 0;
};

}  // namespace lanyard::support
