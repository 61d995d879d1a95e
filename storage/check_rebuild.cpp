#include "replication/types/limits.hpp"
#include "storage/dots_blob.hpp"
#include "storage/files.hpp"
#include "storage/space_file.hpp"
#include "storage/space_tables.hpp"
#include "storage/store.hpp"

namespace lanyard::storage {
namespace {

constexpr std::size_t kDifferencesMax = 100;

/// Rows of every table that follows from the log, in an order that follows from it too. Row numbers
/// of records depend on how changes were batched, and mean nothing.
struct ComparedTables {
  const char* table;
  const char* columns;
  const char* order;
};
constexpr ComparedTables kRecords{"lanyard_records", "collection, key, value, dots",
                                  "collection, key"};
constexpr ComparedTables kComparisons[] = {
    {"lanyard_log", "position, changes, logs, hashes", "position"},
    {"lanyard_log_index", "log, first, position", "log, first"},
    {"lanyard_logs", "number, log, device, incarnation, founding, seq, hash, timestamp", "number"},
    {"lanyard_admissions", "position, device, log, seq, header, payload, signature", "position"},
    {"lanyard_ineffective", "log, seq, effect, epoch", "log, seq"},
    {"lanyard_collections", "number, name", "number"},
    {"lanyard_fields", "collection, name", "collection, name"},
    kRecords,
    {"lanyard_conflicts", "collection, key, field, kind, log, seq, value, timestamp",
     "collection, key, field, kind, log, seq, value"},
    {"lanyard_trash", "collection, key, field, kind, log, seq, hidden_by, value, timestamp",
     "collection, key, field, kind, log, seq, hidden_by, value"},
    {"lanyard_chunks", "log, hash, part, bytes", "log, hash, part"},
};

/// The scratch file could not be written: that says nothing of what is checked.
bool is_about_scratch(const Error& error) {
  return error.is(Code::kDiskFull) || error.is(Code::kReadOnly) || error.is(Code::kInterrupted);
}

bool same_column(const Query& left, const Query& right, int column) {
  if (left.type(column) != right.type(column)) return false;
  switch (left.type(column)) {
    case Query::Type::kNull: return true;
    case Query::Type::kInteger: return left.integer(column) == right.integer(column);
    default: return equal(left.blob(column), right.blob(column));
  }
}

/// Earlier versions kept a stamp with some records that have no members. Nothing reads it.
bool differ_in_idle_stamp(const ComparedTables& what, const Query& left, const Query& right,
                          int column) {
  constexpr int kValue = 2;
  constexpr int kDots = 3;
  if (std::string_view(what.table) != kRecords.table || column != kDots ||
      left.text(kValue) != "{}")
    return false;
  auto one = decode_dots(left.blob(kDots));
  auto other = decode_dots(right.blob(kDots));
  if (!one || !other || one->id_left_out) return false;  // an id is a member
  one->base.timestamp = other->base.timestamp = {};
  return *one == *other;
}

class Rebuild {
 public:
  Rebuild(Database& file, Database& scratch, const SpaceId& space, const Ports& ports)
      : file_(file),
        scratch_(scratch),
        ports_(ports),
        cipher_(ports.ciphers.make()),
        source_(file, space, ports.signer.device(), ports.hasher, *cipher_),
        tables_(scratch, space, ports.signer.device(), ports.hasher, *cipher_) {}

  using Progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

  Result<CheckReport> run(const Progress& progress) {
    LANYARD_TRY(source_.load());  // gives the cipher all its keys
    LANYARD_TRY(tables_.load());
    // Kept beside the log: contexts may name what only they hold.
    for (const auto& [log, branch] : source_.space_log().branches) tables_.keep_branch(log, branch);
    for (const auto& [log, fork] : source_.space_log().told)
      tables_.tell_fork({fork.device, log, fork.first.first, fork.first, fork.second});
    LANYARD_TRY(scratch_.begin(Sync::kNormal));
    const std::uint64_t of = source_.log_rows().end();
    CheckReport report;
    std::uint64_t read = 0;
    Status rebuilt = source_.log_rows().for_each(0, [&](const LogRow& row) -> Result<bool> {
      read = row.position;
      LANYARD_TRY(take(row));
      read = row.position + row.changes;
      if (progress) progress(read, of);
      return true;
    });
    if (rebuilt) rebuilt = flush();
    if (rebuilt) rebuilt = scratch_.commit();
    if (!rebuilt && is_about_scratch(rebuilt.error())) return fail(rebuilt.error());
    if (!rebuilt) {
      // What hangs on it cannot be made either: there is nothing to compare.
      const Error& why = rebuilt.error();
      report.differences.push_back("lanyard_log, the row of change " + std::to_string(read + 1) +
                                   " of " + std::to_string(of) + ": " +
                                   (why.detail.empty() ? why.code.message() : why.detail));
      return report;
    }
    report.changes = of;
    LANYARD_TRY_SET(const std::int64_t records,
                    file_.number("SELECT count(*) FROM lanyard_records"));
    report.records = static_cast<std::uint64_t>(records);
    for (const ComparedTables& each : kComparisons) LANYARD_TRY(compare_tables(each, report));
    LANYARD_TRY(compare_chunk_counts(report));
    compare_contexts(report);
    return report;
  }

 private:
  Status take(const LogRow& row) {
    LANYARD_TRY_SET(const Bytes body, source_.log_rows().body(row.position));
    LANYARD_TRY_SET(oplog::Pack pack, oplog::read_pack(body, *cipher_, ports_.hasher));
    packs_.push_back(std::move(pack));
    const std::span<const oplog::Change> changes(packs_.back().changes);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      LANYARD_TRY(tables_.take(changes[i]));
      LANYARD_TRY(tables_.flush_large(changes.first(i + 1)));
    }
    // The body is not compared: it is what everything else was made from.
    LANYARD_TRY(tables_.append({}, packs_.back().changes));
    bytes_ += packs_.back().body.size();
    if (tables_.merger().waiting_ops() >= limits::kMergeBatchOps ||
        bytes_ >= limits::kMergeBatchBytes)
      return flush();
    return {};
  }

  Status flush() {
    LANYARD_TRY(tables_.flush());
    packs_.clear();
    bytes_ = 0;
    return {};
  }

  Status compare_tables(const ComparedTables& what, CheckReport& report) {
    const std::string sql =
        std::string("SELECT ") + what.columns + " FROM " + what.table + " ORDER BY " + what.order;
    Query left(file_, sql);
    Query right(scratch_, sql);
    for (std::uint64_t row = 0;; ++row) {
      LANYARD_TRY_SET(const bool more_left, left.next());
      LANYARD_TRY_SET(const bool more_right, right.next());
      if (report.differences.size() >= kDifferencesMax) return {};
      const std::string where = std::string(what.table) + ", row " + std::to_string(row);
      if (more_left != more_right) {
        report.differences.push_back(where +
                                     (more_left ? ": only in the file" : ": missing in the file"));
        return {};
      }
      if (!more_left) return {};
      for (int column = 0; column < left.columns(); ++column) {
        if (same_column(left, right, column) || differ_in_idle_stamp(what, left, right, column))
          continue;
        report.differences.push_back(where + ", column " + std::to_string(column + 1) +
                                     ": another value");
        break;
      }
    }
  }

  /// An older file has none, and one of which rows are damaged may have others.
  Status compare_chunk_counts(CheckReport& report) {
    LANYARD_TRY_SET(const std::int64_t has_counts,
                    file_.number("SELECT count(*) FROM sqlite_schema WHERE name = "
                                 "'lanyard_chunk_uses'"));
    if (has_counts == 0) return {};
    LANYARD_TRY_SET(const std::int64_t is_unsure,
                    file_.number("SELECT count(*) FROM lanyard_chunk_count"));
    if (is_unsure != 0) return {};
    return compare_tables({"lanyard_chunk_uses", "log, hash, part, unused", "log, hash, part"},
                          report);
  }

  /// As they were read: an older file has them in another form.
  void compare_contexts(CheckReport& report) const {
    const std::size_t logs = source_.logs().size();
    for (merge::LogNumber log = 0; log < logs && log < tables_.logs().size(); ++log)
      if (source_.merger().log(log).context != tables_.merger().log(log).context &&
          report.differences.size() < kDifferencesMax)
        report.differences.push_back("lanyard_contexts, log " + std::to_string(log) +
                                     ": another value");
  }

  Database& file_;
  Database& scratch_;
  Ports ports_;
  std::unique_ptr<Cipher> cipher_;
  SpaceTables source_;
  SpaceTables tables_;
  std::vector<oplog::Pack> packs_;
  std::size_t bytes_ = 0;
};

Status remove_scratch(const std::filesystem::path& file) {
  LANYARD_TRY(remove_file(file));
  LANYARD_TRY(remove_file(beside(file, "-wal")));
  return remove_file(beside(file, "-shm"));
}

Result<CheckReport> rebuild_into(Database& file, const std::filesystem::path& scratch_file,
                                 const SpaceId& space, const Ports& ports,
                                 const Rebuild::Progress& progress) {
  Database::Options options;
  options.cache_kib = 64 * 1024;
  LANYARD_TRY_SET(Database scratch, Database::open(scratch_file, Database::Mode::kCreate, options));
  LANYARD_TRY(make_tables(scratch, space, ports.rng));
  LANYARD_TRY(file.begin_snapshot());
  auto report = Rebuild(file, scratch, space, ports).run(progress);
  file.rollback();
  return report;
}

}  // namespace

Result<CheckReport> check_rebuild(
    const std::filesystem::path& file, const SpaceId& space, const Ports& ports,
    const std::filesystem::path& scratch_folder,
    const std::function<void(std::uint64_t done, std::uint64_t of)>& progress) {
  LANYARD_TRY_SET(SpaceFile opened, open_space_file({file, space, true, 64 * 1024, {}}, ports.rng));
  const std::filesystem::path scratch = scratch_folder / (file.filename().string() + ".check");
  LANYARD_TRY(remove_scratch(scratch));
  auto report = rebuild_into(opened.database, scratch, space, ports, progress);
  LANYARD_TRY(remove_scratch(scratch));
  return report;
}

}  // namespace lanyard::storage
