#pragma once

#include <cstddef>
#include <cstdint>

namespace lanyard::storage {

/// Temporary files that a process which may open none makes in advance: each sort of a statement
/// takes one or two, when it is too large for memory.
inline constexpr std::size_t kTemporaryFilesMax = 8;
/// Bytes of all of them at a time.
inline constexpr std::uint64_t kTemporaryBytesMax = std::uint64_t{1} << 30;

/// SQLite in this process opens no file from now on: connections that are open go on, a temporary
/// file is one of kTemporaryFilesMax that are made here (in TMPDIR, /var/tmp or /tmp; without a
/// name), and beyond kTemporaryBytesMax their disk is full. What SQLite asks the system for once
/// (chance, the time zone) is asked for now. For a process of one thread, before it gives up its
/// system calls.
void stand_alone();

}  // namespace lanyard::storage
