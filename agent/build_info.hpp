#pragma once

namespace lanyard::agent {

/// The version that CMakeLists.txt states; told to peers and people, decides nothing.
inline constexpr const char* kBuild = LANYARD_VERSION;

}  // namespace lanyard::agent
