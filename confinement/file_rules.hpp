#pragma once

#include "replication/types/result.hpp"

namespace lanyard::confinement {

/// From now on this process, and whatever it starts, opens no file or folder, connects to nothing
/// by TCP and, where the kernel knows how, signals no process but its own (Landlock). What is open
/// stays open. keep_private() has to come first. kNotAllowed where the kernel has no Landlock or
/// refuses: nothing is in force then. Without effect in a build that is not is_confinable_build().
[[nodiscard]] Status forbid_files();

/// Whether this system has Landlock at all.
[[nodiscard]] bool has_file_rules();

}  // namespace lanyard::confinement
