#pragma once

#include <string>

#include "replication/types/result.hpp"

/// What a process gives up for good, so that whoever takes it over by its bytes finds little there.
namespace lanyard::confinement {

/// False in a build with a sanitizer, whose own calls and files would be refused: nothing of this
/// room is then put in force but keep_private()'s second half.
[[nodiscard]] bool is_confinable_build();

/// Other processes of the same user cannot read this one's memory, attach to it or look into its
/// folder of /proc, and it leaves no core file (PR_SET_DUMPABLE 0). Nothing that it starts has more
/// rights than it (PR_SET_NO_NEW_PRIVS). kNotAllowed if the system refuses.
[[nodiscard]] Status keep_private();

/// For people: what of this room is not in force for this process, as the kernel says, or cannot be
/// for those that it starts; without a full stop. Empty: all is in force, or the build
/// is not meant to be confined.
[[nodiscard]] std::string gaps();

}  // namespace lanyard::confinement
