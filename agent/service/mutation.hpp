#pragma once

#include <string>
#include <string_view>

#include "replication/ports.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {

/// By what a change is known again: `who` wrote it, the name that they gave it, and what it says.
/// One name from two apps is two mutations. kUsage for a name that is empty or above 256 bytes.
/// Pure.
[[nodiscard]] Result<merge::Mutation> mutation_of(std::string_view who, std::string_view name,
                                                  const std::vector<storage::LocalOp>& ops,
                                                  const Hasher& hasher);

}  // namespace lanyard::agent
