#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "replication/types/result.hpp"
#include "storage/wal_length.hpp"

namespace lanyard::storage {

/// Copies a long WAL into its file beside the one who writes, on a connection and a thread of its
/// own: SQLite's passive checkpoint lets transactions go on meanwhile, and does nothing in pieces.
/// Belongs to one thread, and to the open store whose file it is.
class WalCopy {
 public:
  WalCopy(std::filesystem::path file, std::string vfs);
  WalCopy(WalCopy&&) noexcept;
  /// Waits for what runs.
  ~WalCopy();

  /// Nothing runs, and what ran was taken. False if the system gives no thread now.
  [[nodiscard]] bool start();
  [[nodiscard]] bool is_running() const { return run_ != nullptr; }
  /// What it came to, once, when it is over.
  [[nodiscard]] std::optional<Result<WalCopied>> take();
  /// The same, and waits for it; nothing if none runs.
  [[nodiscard]] std::optional<Result<WalCopied>> wait();

 private:
  struct Run;
  std::filesystem::path file_;
  std::string vfs_;
  std::unique_ptr<Run> run_;
};

}  // namespace lanyard::storage
