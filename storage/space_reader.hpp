#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/merge/show.hpp"
#include "replication/merge/version.hpp"
#include "replication/ports.hpp"
#include "replication/types/hlc.hpp"
#include "replication/types/vector_clock.hpp"
#include "storage/condition.hpp"
#include "storage/indexes.hpp"
#include "storage/patience.hpp"

namespace lanyard::storage {

/// A record as apps see it.
struct ReadRecord {
  std::string collection;
  std::string key;
  std::string json;     ///< members sorted; empty if there is no record to show
  std::string version;  ///< what a reader of it has seen; "0" if there is no record
  std::vector<std::string> conflicts = {};  ///< names of its fields with more than one value
};

struct RecordQuery {
  std::string collection;
  Where where;
  /// Empty: by key, texts that are no UUID first. A field: absent and null first, then numbers,
  /// with true as 1 and false as 0, then texts by their bytes, with arrays and objects as their
  /// JSON; those that are equal by key. `id`: as conditions have it.
  std::string order_field;
  bool descending = false;
  std::size_t limit = 100;  ///< at most limits::kPageRows
  std::string cursor;       ///< of the page before; empty: from the start
  /// Refuse an order by a field that no record of the collection ever had.
  bool must_know_order = false;
};

struct RecordPage {
  std::vector<ReadRecord> records;
  std::string cursor;  ///< empty: that was all
};

/// One of the things that a field could show.
struct ReadSibling {
  merge::SlotKind kind = merge::SlotKind::kValue;
  std::string json;
  DeviceId device;           ///< zeros for counters and sets, which have many authors
  std::int64_t time_ms = 0;  ///< by the author's clock, which may be years wrong
  bool shown = false;
  std::vector<Dot> edits;  ///< the changes that show it
};

/// A field with more than one visible value.
struct ReadConflict {
  std::string id;  ///< "c-" and 16 hex digits of a hash over collection, key and field
  std::string collection;
  std::string key;
  std::string field;
  std::string version;                ///< of the record: who resolves with it has seen all siblings
  std::vector<ReadSibling> siblings;  ///< the shown one first
};

/// A conflict that was resolved on this device, and could be undone.
struct ReadResolution {
  std::int64_t number = 0;
  std::string conflict;  ///< its id
  std::string collection;
  std::string key;
  std::string field;
  std::string siblings;  ///< JSON array of what was visible before, the shown one first
  std::string version;   ///< of the record, for whoever resolved it
};

/// Something that a delete hides.
struct ReadTrash {
  std::string collection;
  std::string key;
  std::string field;
  merge::SlotKind kind = merge::SlotKind::kValue;
  std::string json;  ///< of a counter: its sum
  std::int64_t time_ms = 0;
  std::vector<Dot> deleted_by;
};

/// A value of one field that deletes hide.
struct HiddenValue {
  std::string key;  ///< of its record
  std::string json;
  std::vector<Dot> deleted_by;
};
/// Which of them are asked for.
struct HiddenQuestion {
  std::string collection;
  std::string field;
  std::optional<std::string> json = {};  ///< that value alone, canonical
  std::string after = {};                ///< records behind the one with this key; empty: all
  std::size_t limit = 1000;              ///< rows; of the last record there may be more
};

struct RecordOf {
  std::string collection;
  std::string key;
};

struct CollectionCount {
  std::string name;
  std::uint64_t records = 0;
};

/// How much is in a space.
/// What people and apps have put there: Lanyard's own record, with the name, is not counted.
struct SpaceNumbers {
  std::vector<CollectionCount> collections;  ///< those with records to show, by name
  std::uint64_t records = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t changes = 0;
  std::uint64_t forks = 0;  ///< logs with two branches, of which one is applied here
  std::uint64_t file_bytes = 0;
  VectorClock applied;
  std::map<DeviceId, std::int64_t> written_ms;  ///< the last change of each, by its author's clock
};

/// Reads one space's file through a read-only connection of its own: sees what the writer has
/// committed, each call one moment of it, and never holds the writer up. For one thread at a time.
/// Every statement is reset when a call returns, and cut after limits::kReadTimeMax (kInterrupted)
/// unless take_at_most() says otherwise.
class SpaceReader {
 public:
  /// kNotFound, kNewerVersion, kCorrupt, and what the disk says. `hasher` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<SpaceReader>> open(const std::filesystem::path& file,
                                                                 const SpaceId& space,
                                                                 const Hasher& hasher);
  virtual ~SpaceReader() = default;

  /// From now on each statement is cut (kInterrupted) when this patience is at its end.
  virtual void take_at_most(const Patience& patience) = 0;
  /// Another file took the place of the one that is read here, or that is gone: open it again.
  [[nodiscard]] virtual bool has_moved() const = 0;

  [[nodiscard]] virtual Result<ReadRecord> get(const std::string& collection,
                                               const std::string& key) = 0;
  /// kUsage for a cursor of another query, a field that cannot be asked for, a value that does not
  /// compare.
  [[nodiscard]] virtual Result<RecordPage> query(const RecordQuery& query) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> count(const RecordQuery& query) = 0;
  /// At most `limit`; of one record if given.
  [[nodiscard]] virtual Result<std::vector<ReadConflict>> conflicts(
      const std::optional<RecordOf>& record, std::size_t limit) = 0;
  /// The last resolution of each conflict whose id begins so, the newest first.
  [[nodiscard]] virtual Result<std::vector<ReadResolution>> resolutions(
      const std::string& conflict) = 0;
  [[nodiscard]] virtual Result<std::vector<ReadTrash>> trash(const std::optional<RecordOf>& record,
                                                             std::size_t limit) = 0;
  /// By the records' keys.
  [[nodiscard]] virtual Result<std::vector<HiddenValue>> hidden(const HiddenQuestion& question) = 0;
  /// Those of the changes that delete the record too, void or not. Such as are not here are none.
  [[nodiscard]] virtual Result<std::vector<Dot>> deleting(const std::vector<Dot>& changes,
                                                          const RecordOf& record) = 0;
  /// Keys of a collection's records that are deleted, whether or not something of them is hidden.
  [[nodiscard]] virtual Result<std::vector<std::string>> deleted(const std::string& collection) = 0;
  [[nodiscard]] virtual Result<std::vector<DeclaredIndex>> indexes() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> conflict_count() = 0;
  [[nodiscard]] virtual Result<VectorClock> applied() = 0;
  /// Whose each log is.
  [[nodiscard]] virtual Result<std::map<LogId, DeviceId>> authors() = 0;
  /// Counts all records: some milliseconds for 100,000.
  [[nodiscard]] virtual Result<SpaceNumbers> numbers() = 0;
};

}  // namespace lanyard::storage
