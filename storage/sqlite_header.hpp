#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace lanyard::storage {

/// Reads the beginning of a database file, and gives how many bytes of it there are. It goes
/// through SQLite, and changes nothing: whoever opens and closes such a file in any other way takes
/// away the locks of every connection of this process to it (POSIX locks;
/// sqlite.org/howtocorrupt.html, 2.2), and the next program that looks into the file throws away
/// the WAL that they write to.
[[nodiscard]] std::size_t read_beginning(const std::filesystem::path& file, std::span<char> into);

}  // namespace lanyard::storage
