#pragma once

#include "storage/store.hpp"

/// What a space calls itself: the field `name` of the record ("lanyard_space", "info") inside it.
namespace lanyard::storage {

/// Holds what Lanyard itself keeps in a space.
inline constexpr const char* kSpaceCollection = "lanyard_space";

/// The change that writes it.
[[nodiscard]] LocalChange name_record(const std::string& name);

/// As far as it can be a name here; empty if there is none.
[[nodiscard]] Result<std::string> read_space_name(const std::filesystem::path& file,
                                                  const SpaceId& space, const Hasher& hasher);

}  // namespace lanyard::storage
