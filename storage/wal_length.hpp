#pragma once

namespace lanyard::storage {

/// Of new files.
constexpr int kPageBytes = 4096;

/// How long the WAL of a file is, and when it is time to copy it into the file.
class WalLength {
 public:
  /// A transaction has left it so long.
  void committed(int pages) {
    const bool is_anew = pages < pages_;
    last_commit_ = is_anew ? pages : pages - pages_;
    if (is_anew) copied_at_ = 0;
    pages_ = pages;
  }
  /// It was copied, as far as readers let it.
  void copied() { copied_at_ = pages_; }

  [[nodiscard]] bool is_too_long() const { return pages_ >= kLongPages; }
  /// Small transactions have filled some megabytes since it was copied.
  [[nodiscard]] bool is_worth_copying() const {
    const int since = pages_ - copied_at_;
    return last_commit_ <= kSmallCommit && since >= kSmallFrom && since <= kSmallUpTo;
  }

 private:
  /// 256 MB: checkpoints are rare, and one writes each page once however often it changed.
  static constexpr int kLongPages = (256 << 20) / kPageBytes;
  /// What small transactions fill is copied sooner: an fdatasync of a file that grows writes its
  /// inode too, and waits twice. More at once comes of bulk, and is left to the above.
  static constexpr int kSmallFrom = (4 << 20) / kPageBytes;
  static constexpr int kSmallUpTo = (16 << 20) / kPageBytes;
  static constexpr int kSmallCommit = (256 << 10) / kPageBytes;

  int pages_ = 0;
  int last_commit_ = 0;
  int copied_at_ = 0;
};

}  // namespace lanyard::storage
