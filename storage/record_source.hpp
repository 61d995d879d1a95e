#pragma once

#include "storage/log_rows.hpp"
#include "storage/record_rows.hpp"
#include "storage/store.hpp"

namespace lanyard::storage {

/// Reads the records of a space that nobody writes to any more, one after the other.
class RecordSource {
 public:
  /// As open_space_file() for reading only.
  [[nodiscard]] static Result<std::unique_ptr<RecordSource>> open(const std::filesystem::path& file,
                                                                  const SpaceId& space, Rng& rng);

  /// Records behind `place`, about `bytes_max` of them, deleted ones too; moves `place` behind the
  /// last, and marks it as over at the end. Our own collection is left out.
  [[nodiscard]] Result<std::vector<merge::NamedRecord>> next(CarryPlace& place,
                                                             std::size_t bytes_max);
  /// What its clients wrote last: at most limits::kMutationsCarriedMax.
  [[nodiscard]] Result<std::vector<KnownMutation>> mutations();
  /// Nobody has ever put anything there: no record, and nothing in the trash.
  [[nodiscard]] Result<bool> is_unused();
  /// Of a dot in these records.
  [[nodiscard]] merge::HashOf hash_of();

 private:
  explicit RecordSource(Database database);
  [[nodiscard]] Status load();

  Database database_;
  LogRows log_rows_;
  RecordRows records_;
};

}  // namespace lanyard::storage
