#pragma once

#include "tests/unit/merge/history.hpp"

namespace lanyard::testing {

/// A random order in which each change comes after its context.
[[nodiscard]] Changes causal_order(const Changes& changes, Dice& dice);

/// Applies in random batches; now and then delivers an old change again.
[[nodiscard]] MergeStore replay(const Changes& order, Dice& dice);

/// The same changes, some of them quarantined.
[[nodiscard]] Changes without_effect(const Changes& changes, const std::set<merge::LocalDot>& out);

/// What a set of histories has exercised, by name.
using Coverage = std::map<std::string, std::size_t>;

/// Plays a history and checks it; throws, with the history in words, if a rule is broken.
void check_history(std::uint64_t seed, const std::vector<std::uint32_t>& steps, Coverage& coverage);

}  // namespace lanyard::testing
