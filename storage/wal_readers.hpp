#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

namespace lanyard::storage {

/// A process that has a read transaction open in a database.
struct WalReader {
  pid_t process = 0;
  std::string name;  ///< as the system calls it; empty if it does not say
};

/// Another process than this one and its SQL processes with a read transaction in the WAL of this
/// database; nothing if there is none, or if the system does not tell (/proc/locks: other users'
/// processes are named by number, those of another container not at all). Opens no file of the
/// database: to close one would take the locks of this process away.
[[nodiscard]] std::optional<WalReader> other_reader_of(const std::filesystem::path& database);

}  // namespace lanyard::storage
