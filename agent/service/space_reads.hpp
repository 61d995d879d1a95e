#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "storage/space_reader.hpp"

namespace lanyard::agent {

/// What one thread reads, through read-only connections of its own, opened when they are needed; of
/// too many the longest unused goes first. A read sees every change that was acknowledged before it
/// began, also where a rescue has put another file in the place of the space's. Errors are
/// SpaceReader's, but for a read that took too long: kUnreachable.
class SpaceReads {
 public:
  /// Told that the file of a space is damaged, by the thread that reads.
  using OnDamage = std::function<void(const SpaceId&, const Error&)>;
  /// `hasher` outlives this. `open_max`: spaces that are kept open.
  SpaceReads(std::filesystem::path data_dir, const Hasher& hasher, OnDamage on_damage,
             std::size_t open_max = 16)
      : data_dir_(std::move(data_dir)),
        hasher_(hasher),
        on_damage_(std::move(on_damage)),
        open_max_(open_max) {}
  SpaceReads(const SpaceReads&) = delete;
  SpaceReads& operator=(const SpaceReads&) = delete;

  /// From now on a read that this patience cuts is kInterrupted, for whoever asks again later.
  void take_at_most(const storage::Patience& patience) { patience_.emplace(patience); }

  /// A record that is not shown where there is none.
  [[nodiscard]] Result<storage::ReadRecord> get(const SpaceId& space, const std::string& collection,
                                                const std::string& key);
  [[nodiscard]] Result<storage::RecordPage> query(const SpaceId& space,
                                                  const storage::RecordQuery& query);
  /// All that a query finds, a page at a time, as it is while it is read; the first error ends it.
  /// `query` says neither limit nor cursor.
  [[nodiscard]] Status for_each(const SpaceId& space, storage::RecordQuery query,
                                const std::function<Status(storage::ReadRecord&& record)>& take);
  [[nodiscard]] Result<std::uint64_t> count(const SpaceId& space,
                                            const storage::RecordQuery& query);
  [[nodiscard]] Result<std::vector<storage::ReadConflict>> conflicts(
      const SpaceId& space, const std::optional<storage::RecordOf>& record, std::size_t limit);
  [[nodiscard]] Result<std::vector<storage::ReadResolution>> resolutions(
      const SpaceId& space, const std::string& conflict);
  /// What deletes hide of the record, at most `limit`.
  [[nodiscard]] Result<std::vector<storage::ReadTrash>> trash(const SpaceId& space,
                                                              const storage::RecordOf& record,
                                                              std::size_t limit);
  [[nodiscard]] Result<std::vector<storage::HiddenValue>> hidden(
      const SpaceId& space, const storage::HiddenQuestion& question);
  [[nodiscard]] Result<std::vector<Dot>> deleting(const SpaceId& space,
                                                  const std::vector<Dot>& changes,
                                                  const storage::RecordOf& record);
  /// Keys of records that are deleted.
  [[nodiscard]] Result<std::vector<std::string>> deleted(const SpaceId& space,
                                                         const std::string& collection);
  /// Whether a delete hides something of the record.
  [[nodiscard]] Result<bool> is_in_trash(const SpaceId& space, const std::string& collection,
                                         const std::string& key);
  [[nodiscard]] Result<storage::SpaceNumbers> numbers(const SpaceId& space);
  [[nodiscard]] Result<std::vector<storage::DeclaredIndex>> indexes(const SpaceId& space);
  [[nodiscard]] Result<VectorClock> clock(const SpaceId& space);
  [[nodiscard]] Result<std::map<LogId, DeviceId>> authors(const SpaceId& space);
  [[nodiscard]] Result<std::uint64_t> conflict_count(const SpaceId& space);
  /// kUnreachable: the time for a reading is over.
  [[nodiscard]] static tl::unexpected<Error> took_too_long();
  void close(const SpaceId& space) { open_.erase(space); }

 private:
  template <class T, class Read>
  [[nodiscard]] Result<T> read(const SpaceId& space, Read read);
  [[nodiscard]] Result<storage::SpaceReader*> open(const SpaceId& space);

  struct Open {
    std::unique_ptr<storage::SpaceReader> reader;
    std::uint64_t used = 0;
  };
  std::filesystem::path data_dir_;
  const Hasher& hasher_;
  OnDamage on_damage_;  ///< may be empty
  std::size_t open_max_;
  std::optional<storage::Patience> patience_;
  std::map<SpaceId, Open> open_;
  std::uint64_t turn_ = 0;
};

/// Whether a read found a record to show.
[[nodiscard]] inline bool is_shown(const storage::ReadRecord& record) {
  return !record.json.empty();
}

}  // namespace lanyard::agent
