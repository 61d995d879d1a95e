#include "storage/chunk_counts.hpp"
#include "storage/space_store.hpp"

/// What a store puts right in its own file: rows of the log that are damaged, and the numbers that
/// a file from before does not have.
namespace lanyard::storage {

// ---- damaged rows

Status SqliteSpaceStore::load_log_damage(const std::vector<std::uint64_t>& rows) {
  if (rows.empty()) return {};
  const Status loaded = care_.load(rows);
  if (loaded || loaded.error().is(Code::kInputOutput)) return loaded;
  notes_.push_back("the rows of lanyard_log that were damaged: " + loaded.error().detail);
  return {};
}

Status SqliteSpaceStore::mend_log(ByteView pack) {
  Status mended = in_transaction(Sync::kFull, [&]() -> Status {
    LANYARD_TRY(care_.mend(pack));
    if (!care_.has_mended_all()) return {};
    are_chunks_counted_ = false;
    return count_chunks_again(database_);
  });
  LANYARD_TRY_SET(const bool is_found, care_.settle(mended.has_value()));
  if (is_found) mended = {};
  // What was kept as it was may be joined now.
  if (care_.damage().rows.empty()) folded_ = {};
  return mended;
}

// ---- parts that were not counted

/// Nothing is merged before it is done, and what is read needs it not: on a full disk the file is
/// opened all the same.
Status SqliteSpaceStore::begin_counted() {
  are_chunks_counted_ = false;
  Status counted = count_chunks_once();
  return !counted && counted.error().is(Code::kDiskFull) ? Status() : counted;
}

/// Where a damaged page keeps them from being counted, all goes on but what is about a large value.
Status SqliteSpaceStore::count_chunks_once() {
  if (broken_) return fail(*broken_);
  if (are_chunks_counted_) return {};
  doubt_chunks(std::nullopt);
  if (Status counted = count_chunks(); !counted) {
    if (!counted.error().is(Code::kCorrupt)) return counted;
    doubt_chunks(Error(Code::kCorrupt,
                       "the parts of large values cannot be counted, and no large value is taken "
                       "in: " +
                           counted.error().detail,
                       counted.error().fix));
    notes_.push_back(chunk_doubt_->detail);
  }
  are_chunks_counted_ = true;
  return {};
}

Status SqliteSpaceStore::count_chunks() {
  LANYARD_TRY_SET(const bool is_needed, has_uncounted_chunks(database_));
  if (!is_needed) return {};
  ChunkCounter counter(database_, tables_, care_, {*cipher_, ports_.hasher});
  LANYARD_TRY(counter.load());
  while (!counter.is_over()) {
    LANYARD_TRY(counter.count_some());
    LANYARD_TRY(in_transaction(Sync::kNormal, [&] { return counter.write(); }));
  }
  note_counted(counter);
  return {};
}

void SqliteSpaceStore::doubt_chunks(std::optional<Error> why) {
  chunk_doubt_ = std::move(why);
  tables_.records().doubt_chunks(chunk_doubt_);
}

void SqliteSpaceStore::note_counted(const ChunkCounter& counter) {
  if (!counter.is_as_merged())
    notes_.emplace_back(
        "a member named a large value more often than it sent it: what that wrote here has no "
        "effect on devices that merge it today");
  if (counter.passed_over() > 0)
    notes_.push_back(
        std::to_string(counter.passed_over()) +
        " damaged rows of the log were passed over when the parts of large values were counted: "
        "how often their authors may still use them is not known until another device has brought "
        "those rows again");
}

}  // namespace lanyard::storage
