#pragma once

#include <cstddef>

/// For programs that this file's .cpp is linked into: counts are the same on every machine, times
/// are not. Not under a sanitizer, which brings an operator new of its own that had better stay;
/// LANYARD_COUNTS_ALLOCATIONS says whether it is there.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LANYARD_COUNTS_ALLOCATIONS

namespace lanyard::testing {

/// Calls of operator new so far, of all threads.
[[nodiscard]] std::size_t allocations();

template <class Work>
std::size_t allocations_of(const Work& work) {
  const std::size_t before = allocations();
  work();
  return allocations() - before;
}

}  // namespace lanyard::testing

#endif
