#pragma once

#include "tests/support/memory_store.hpp"

namespace lanyard::sim {

/// One hash over everything that a store holds of its records: shown, in the inbox and in the
/// trash, with dots by their full log ids. Two stores with the same changes have the same, in
/// whatever order they came.
[[nodiscard]] Hash state_hash(const support::MemoryStore& store, const Hasher& hasher);

/// Fields with more than one choice: what waits in the inbox.
[[nodiscard]] std::size_t conflicts(const support::MemoryStore& store);

}  // namespace lanyard::sim
