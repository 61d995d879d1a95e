#include "agent/compat/compat_protocol.hpp"

namespace lanyard::agent {

std::span<const CompatKind> compat_kinds() { return rangerplex_kind(); }

}  // namespace lanyard::agent
