#include "storage/file_swap.hpp"

namespace lanyard::storage {
namespace {

/// One for all: swaps are rare, and take a moment.
std::shared_mutex& swaps() {
  static std::shared_mutex mutex;
  return mutex;
}

}  // namespace

std::shared_lock<std::shared_mutex> hold_off_swaps() { return std::shared_lock(swaps()); }
std::unique_lock<std::shared_mutex> begin_swap() { return std::unique_lock(swaps()); }

}  // namespace lanyard::storage
