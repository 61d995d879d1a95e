#pragma once

#include "replication/merge/local_writer.hpp"

namespace lanyard::merge {

/// The op as views into what was asked for, in its one order. kUsage for a field that is named
/// twice. Its values are not looked at: OwnOp does that for all that goes into a change. Pure.
[[nodiscard]] Result<oplog::Op> normal_op(const LocalOp& wish);
/// What is wrong with a value of the op, for who reads one before that, or wants to say it: kUsage
/// for what is no JSON value, kTooLarge beyond limits.hpp. Pure.
[[nodiscard]] Status check_values(const oplog::Op& op);

}  // namespace lanyard::merge
