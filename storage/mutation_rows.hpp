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
  /// A change was written. One whose id is there is passed over.
  [[nodiscard]] Status add(const KnownMutation& mutation);
  /// Removes some of those that are older than limits::kMutationKept.
  [[nodiscard]] Status forget(WallTime wall, std::size_t at_most);
  /// The newest, newest first. None in a file of before there were any.
  [[nodiscard]] Result<std::vector<KnownMutation>> newest(std::size_t at_most);

 private:
  Database& database_;
};

}  // namespace lanyard::storage
