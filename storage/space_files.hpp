#pragma once

#include <list>
#include <memory>

#include "storage/watched_store.hpp"

namespace lanyard::storage {

/// `<folder>/<first two characters of the id>/<id>.db`: ten thousand spaces are not one folder's
/// affair.
[[nodiscard]] std::filesystem::path space_file(const std::filesystem::path& folder,
                                               const SpaceId& space);

/// The spaces of which there are files in a data folder, by id: as the names of the files say.
[[nodiscard]] std::vector<SpaceId> spaces_on_disk(const std::filesystem::path& folder);

/// What to say of a file of a space that is gone, and what to do.
[[nodiscard]] Error space_file_gone(const std::filesystem::path& file);
/// A file that was lost is not replaced by an empty one without a word: kCorrupt and what to do if
/// it is gone. One that a rescue has left takes its place first.
[[nodiscard]] Status check_space_file(const std::filesystem::path& file);

/// Which spaces are open: at most limits::kOpenSpacesMax, and each no longer than it is used and
/// limits::kSpaceIdleClose. Knows no clock: it is told the time.
class SpaceFiles {
 public:
  /// Called just before a store is closed.
  using BeforeClose = std::function<void(const SpaceId&, WatchedStore&)>;
  explicit SpaceFiles(BeforeClose before_close) : before_close_(std::move(before_close)) {}

  /// The open store, and that it is used now; nullptr if it is not open.
  [[nodiscard]] WatchedStore* use(const SpaceId& space);
  /// The same without using it.
  [[nodiscard]] WatchedStore* look_at(const SpaceId& space);
  /// Keeps a store that was opened, and closes the one that was used longest ago if it is one too
  /// many.
  WatchedStore& keep(const SpaceId& space, std::unique_ptr<WatchedStore> store);
  /// Nothing if it is not open.
  void close(const SpaceId& space);
  void close_all();
  /// Closes one that was not used for limits::kSpaceIdleClose, and whose closing takes no longer
  /// than a moment; true if there was one. Use counts from the first call after it: this is where
  /// time is told.
  [[nodiscard]] bool close_idle(WallTime now);

  /// Syncs one high-water mark that is due; true if there was one.
  [[nodiscard]] bool sync_mark(WallTime now);

  /// Those whose disk has failed, and how.
  [[nodiscard]] std::vector<std::pair<SpaceId, Error>> failures() const;
  /// Has each see to its WAL.
  void tend_wals();
  /// One of them is to be seen to within kWalLookEvery.
  [[nodiscard]] bool wants_look() const;
  /// Those whose WAL a reader keeps from being copied.
  [[nodiscard]] std::vector<std::pair<SpaceId, WalState>> held_wals() const;
  [[nodiscard]] std::size_t count() const { return open_.size(); }
  /// One that was written to since it was tidied; nullptr if none was.
  [[nodiscard]] WatchedStore* wanting_tidy();

 private:
  struct Open {
    SpaceId space;
    std::unique_ptr<WatchedStore> store;
    bool is_used = true;
    WallTime last_used;
  };
  using Place = std::list<Open>::iterator;
  [[nodiscard]] Place find(const SpaceId& space);
  void close(Place place);

  BeforeClose before_close_;
  std::list<Open> open_;  // the one that was used last is the first
};

}  // namespace lanyard::storage
