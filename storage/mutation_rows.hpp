#pragma once

#include "storage/sqlite.hpp"
#include "storage/store.hpp"

namespace lanyard::storage {

/// lanyard_mutations: changes that clients named. Inside the caller's transaction.
class MutationRows {
 public:
  explicit MutationRows(Database& database) : database_(database) {}

  /// The change that was written under this id, marked as repeated; nothing if none was. kConflict
  /// if that was one of another content.
  [[nodiscard]] Result<std::optional<Written>> find(const merge::Mutation& mutation);
  /// A change was written: the newest of all from now on, whatever clocks say. One whose id is
  /// there is passed over.
  [[nodiscard]] Status add(const KnownMutation& mutation);
  [[nodiscard]] Result<std::uint64_t> count();
  /// Removes the oldest.
  [[nodiscard]] Status forget(std::uint64_t count);
  /// The newest, the oldest of them first. None in a file of before there were any.
  [[nodiscard]] Result<std::vector<KnownMutation>> newest(std::size_t at_most);

 private:
  Database& database_;
};

}  // namespace lanyard::storage
