#pragma once

#include <cstdint>

namespace lanyard::storage {

/// Of new files.
constexpr int kPageBytes = 4096;

/// How much of a WAL stands in the file as well, after it was copied as far as readers let it.
struct WalCopied {
  int pages = 0;   ///< that the WAL had when copying began
  int copied = 0;  ///< the first of them, which are in the file
};

/// How long the WAL of a file is, how much of it the file lacks, and when it is time to copy that.
class WalLength {
 public:
  explicit WalLength(std::uint64_t long_bytes)
      : long_pages_(static_cast<int>(long_bytes / kPageBytes)) {}

  /// A transaction has left it so long.
  void committed(int pages) {
    const bool is_anew = pages < pages_;
    last_commit_ = is_anew ? pages : pages - pages_;
    if (is_anew) *this = WalLength(long_pages_, last_commit_);
    pages_ = pages;
  }
  /// It is being copied now.
  void copying() { tried_at_ = pages_; }
  /// What that came to. Somebody who reads an older state is in the way of the rest.
  void copied(const WalCopied& done) {
    if (done.pages > pages_) return;  // of a WAL that began anew since
    if (done.pages == 0) {            // another program has emptied it
      *this = WalLength(long_pages_, 0);
      return;
    }
    copied_ = done.copied;
    is_hindered_ = done.copied < done.pages;
  }

  [[nodiscard]] int pages() const { return pages_; }
  [[nodiscard]] int uncopied() const { return pages_ - copied_; }
  [[nodiscard]] int since_tried() const { return pages_ - tried_at_; }
  [[nodiscard]] bool is_long() const { return pages_ >= long_pages_; }
  /// A reader has been in the way for as long as a WAL becomes.
  [[nodiscard]] bool is_held() const { return is_hindered_ && uncopied() >= long_pages_; }
  [[nodiscard]] bool is_hindered() const { return is_hindered_; }
  /// Twice as long as it should become: nothing is taken that can wait.
  [[nodiscard]] bool is_full() const { return pages_ >= 2 * long_pages_ && uncopied() > 0; }
  /// Copied in a moment, by whoever has just written.
  [[nodiscard]] bool is_short_copy() const { return uncopied() <= kShortCopy; }
  /// Small transactions have filled some megabytes since it was copied.
  [[nodiscard]] bool is_worth_copying() const {
    const int since = since_tried();
    return last_commit_ <= kSmallCommit && since >= kSmallFrom && since <= kSmallUpTo;
  }
  /// Enough has come since the last time that it may be tried again.
  [[nodiscard]] bool has_grown() const { return since_tried() >= kSmallFrom; }

 private:
  WalLength(int long_pages, int last_commit) : long_pages_(long_pages), last_commit_(last_commit) {}

  /// What small transactions fill is copied soon: an fdatasync of a file that grows writes its
  /// inode too, and waits twice. More at once comes of bulk, and is left until the WAL is long: one
  /// copy writes each page once however often it changed.
  static constexpr int kSmallFrom = (4 << 20) / kPageBytes;
  static constexpr int kSmallUpTo = (16 << 20) / kPageBytes;
  static constexpr int kSmallCommit = (256 << 10) / kPageBytes;
  /// Some tenths of a second on a slow disk.
  static constexpr int kShortCopy = (32 << 20) / kPageBytes;

  int long_pages_;
  int last_commit_ = 0;
  int pages_ = 0;
  int tried_at_ = 0;
  int copied_ = 0;
  bool is_hindered_ = false;
};

}  // namespace lanyard::storage
