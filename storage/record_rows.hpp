#pragma once

#include <functional>
#include <map>
#include <set>

#include "replication/merge/record_table.hpp"
#include "storage/record_codec.hpp"
#include "storage/sqlite.hpp"

namespace lanyard::storage {

/// The collections, fields, records and chunks of one space in its file. Writes inside the caller's
/// transaction; after a rollback, make a new one: it remembers what it wrote.
class RecordRows final : public merge::RecordTable {
 public:
  /// Fields that are known of each collection: more than a view has columns, so that those that
  /// differ in case alone leave enough. Keeping the least by bytes makes the result independent of
  /// the order in which they came.
  static constexpr std::size_t kFieldsMax = 256;

  using FindHash = std::function<Result<Hash>(const merge::LocalDot&)>;
  /// `database` outlives this. `hash_of`: of a change that is held.
  RecordRows(Database& database, FindHash hash_of);
  /// Reads how many collections there are.
  [[nodiscard]] Status load();

  [[nodiscard]] Result<std::optional<merge::CollectionNumber>> find_collection(
      std::string_view name) override;
  [[nodiscard]] Result<merge::CollectionNumber> make_collection(std::string_view name) override;
  [[nodiscard]] merge::CollectionNumber collection_count() const override { return count_; }
  /// Empty if the disk fails.
  [[nodiscard]] const std::string& collection_name(
      merge::CollectionNumber collection) const override;
  [[nodiscard]] Status saw_fields(merge::CollectionNumber collection, const oplog::Op& op) override;

  [[nodiscard]] Result<merge::StoredRecord> load(merge::CollectionNumber collection,
                                                 std::string_view key) override;
  [[nodiscard]] Status save(merge::CollectionNumber collection, std::string_view key,
                            const merge::StoredRecord& stored) override;
  [[nodiscard]] Result<bool> insert_fresh(merge::CollectionNumber collection, std::string_view key,
                                          const merge::LocalDot& dot, Hlc timestamp,
                                          const oplog::Op& op) override;
  [[nodiscard]] Result<std::vector<std::string>> keys(merge::CollectionNumber collection,
                                                      const std::optional<std::string>& after,
                                                      std::size_t limit) override;
  [[nodiscard]] Result<std::optional<Known>> known_chunk(merge::LogNumber log, const Hash& hash,
                                                         std::uint64_t index,
                                                         ByteView bytes) override;
  [[nodiscard]] Result<std::optional<Bytes>> chunk(merge::LogNumber log, const Hash& hash,
                                                   std::uint64_t index) override;
  [[nodiscard]] Status put_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                 ByteView bytes, std::uint64_t unused) override;
  [[nodiscard]] Status count_chunk(merge::LogNumber log, const Hash& hash, std::uint64_t index,
                                   std::uint64_t unused) override;

  /// From now on nothing is known of the parts of large values: what is about one is not merged,
  /// for this reason. Nothing: as the file says.
  void doubt_chunks(std::optional<Error> why) { chunk_doubt_ = std::move(why); }

  /// A record as apps see it.
  struct Shown {
    std::string json;            ///< empty if there is none to show
    bool has_conflicts = false;  ///< some of its fields have more than one visible value
  };
  [[nodiscard]] Result<Shown> shown(std::string_view collection, std::string_view key);

  /// Whether a collection or a field was met for the first time since the last call.
  [[nodiscard]] bool take_shape_changed();

 private:
  struct Fields {
    std::set<std::string, std::less<>> names;
    std::vector<std::string> last;  ///< of the last op: the next one mostly has the same
  };
  [[nodiscard]] Result<Fields*> fields_of(merge::CollectionNumber collection);
  // What of a record's JSON is known beside it: an id that is not its key, fields with U+0000.
  [[nodiscard]] Status saw_id(merge::CollectionNumber collection, std::string_view key,
                              ByteView id);
  [[nodiscard]] Status saw_zeros(merge::CollectionNumber collection, std::string_view json);
  [[nodiscard]] Status saw_field(merge::CollectionNumber collection, Fields& fields,
                                 std::string_view name);
  /// Of StoredRecord: which rows a record has beside its own (record_sides.cpp).
  enum Mark : std::uint32_t { kMarkConflicts = 1, kMarkTrash = 2 };
  [[nodiscard]] Status insert_sides(merge::CollectionNumber collection, std::string_view key,
                                    const RecordRowSet& rows);
  [[nodiscard]] Status delete_sides(merge::CollectionNumber collection, std::string_view key,
                                    std::uint32_t marks);
  const std::string& remember(merge::CollectionNumber number, std::string_view name) const;
  [[nodiscard]] Status may_use_chunks() const;

  Database* database_;
  FindHash hash_of_;
  merge::CollectionNumber count_ = 0;
  mutable std::map<merge::CollectionNumber, std::string> names_;
  mutable std::map<std::string, merge::CollectionNumber, std::less<>> numbers_;
  std::map<merge::CollectionNumber, Fields> fields_;
  bool shape_changed_ = false;
  std::optional<Error> chunk_doubt_;
  /// The record that was written last: whoever wrote it mostly asks at once what it shows now.
  struct Last {
    std::optional<merge::CollectionNumber> collection;  ///< nothing: none was written yet
    std::string key;
    bool is_shown = false;  ///< as json_ has it
    bool id_left_out = false;
    bool has_conflicts = false;
  };
  Last last_;
  std::string json_;  // its value; both keep their memory
  Bytes dots_;
};

/// Fields with more than one visible value.
[[nodiscard]] Result<std::uint64_t> count_conflicts(Database& database);
/// Reads the conflict and trash rows of a record; `dots` says whether there are any.
[[nodiscard]] Result<std::vector<SideRow>> read_conflicts(Database& database,
                                                          merge::CollectionNumber collection,
                                                          std::string_view key);
[[nodiscard]] Result<std::vector<SideRow>> read_trash(Database& database,
                                                      merge::CollectionNumber collection,
                                                      std::string_view key);

}  // namespace lanyard::storage
