#pragma once

#include <mutex>
#include <shared_mutex>

/// A database is several files (itself, its WAL, the index of that) which SQLite opens one after
/// the other. Who opens them while another database takes their place would get some of each.
namespace lanyard::storage {

/// Held while a database is opened, up to its first read: no other takes its place meanwhile.
[[nodiscard]] std::shared_lock<std::shared_mutex> hold_off_swaps();
/// Held while one database takes the place of another: nobody opens either.
[[nodiscard]] std::unique_lock<std::shared_mutex> begin_swap();

}  // namespace lanyard::storage
