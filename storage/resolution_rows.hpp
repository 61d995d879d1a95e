#pragma once

#include "storage/sqlite.hpp"
#include "storage/store.hpp"

namespace lanyard::storage {

/// lanyard_resolutions: what was resolved here, so that it can be undone. Inside the caller's
/// transaction.
class ResolutionRows {
 public:
  explicit ResolutionRows(Database& database) : database_(database) {}

  /// A change was written; its `settled`, `undoes` say what that means here. `settled` goes with
  /// the ops, one for one. kNotFound if there is nothing to undo.
  [[nodiscard]] Status note(const LocalChange& change, const Written& written, WallTime wall);

 private:
  [[nodiscard]] Status add(const merge::Settled& settled, const std::string& version,
                           WallTime wall);
  [[nodiscard]] Status remove(std::int64_t number);

  Database& database_;
};

}  // namespace lanyard::storage
