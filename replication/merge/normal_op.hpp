#pragma once

#include "replication/merge/local_writer.hpp"

namespace lanyard::merge {

/// The op as views into what was asked for, in its one order. kUsage for a field that is named
/// twice and for what is no JSON value, kTooLarge for a value beyond limits.hpp. Pure.
[[nodiscard]] Result<oplog::Op> normal_op(const LocalOp& wish);

}  // namespace lanyard::merge
