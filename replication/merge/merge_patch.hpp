#pragma once

#include "replication/types/bytes.hpp"

namespace lanyard::merge {

/// What RFC 7396 makes of `target` and `patch`, both canonical msgpack: members that the patch
/// gives as null are gone, others set, objects merged at any depth; arrays are replaced whole.
/// Without a target, or where it is no object, the patch without its nulls. A patch that is no
/// object is the result. Pure.
[[nodiscard]] Bytes merge_patch(std::optional<ByteView> target, ByteView patch);

}  // namespace lanyard::merge
