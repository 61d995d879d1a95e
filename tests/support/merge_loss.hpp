#pragma once

#include "tests/support/merge_meaning.hpp"

namespace lanyard::testing {

/// What clients had been shown when they wrote: for an op (by its change's dot and its place), of
/// each record that it concerns, the dots of displayed().
using ShownBefore =
    std::map<std::pair<merge::LocalDot, std::size_t>, std::map<RecordName, merge::DotSet>>;

/// The first acknowledged value that is neither shown, nor in the conflict inbox, nor in the trash,
/// nor replaced by an op whose client had been shown it; or counter that lost an add. Empty if
/// nothing is lost.
[[nodiscard]] std::string find_loss(const Changes& changes, const ShownBefore& shown_before);

}  // namespace lanyard::testing
