#include "storage/wal_copy.hpp"

#include <atomic>
#include <thread>

#include "storage/sqlite.hpp"
#include "storage/started_thread.hpp"

namespace lanyard::storage {
namespace {

Result<WalCopied> copy_wal_of(const std::filesystem::path& file, const std::string& vfs) {
  Database::Options options;
  options.cache_kib = 64;  // copying uses none
  options.vfs = vfs;
  LANYARD_TRY_SET(Database database, Database::open(file, Database::Mode::kReadWrite, options));
  // The WAL is opened by the first read.
  LANYARD_TRY(database.number("SELECT count(*) FROM sqlite_schema"));
  return database.checkpoint_beside_readers();
}

}  // namespace

struct WalCopy::Run {
  std::optional<Result<WalCopied>> result;
  std::atomic<bool> is_over{false};
  std::thread thread;
};

WalCopy::WalCopy(std::filesystem::path file, std::string vfs)
    : file_(std::move(file)), vfs_(std::move(vfs)) {}

WalCopy::WalCopy(WalCopy&&) noexcept = default;
WalCopy::~WalCopy() { static_cast<void>(wait()); }

bool WalCopy::start() {
  run_ = std::make_unique<Run>();
  const bool is_started =
      start_thread(run_->thread, "wal-copy", [run = run_.get(), file = file_, vfs = vfs_] {
        run->result = copy_wal_of(file, vfs);
        run->is_over = true;
      });
  if (!is_started) run_.reset();
  return is_started;
}

std::optional<Result<WalCopied>> WalCopy::take() {
  if (!run_ || !run_->is_over) return std::nullopt;
  return wait();
}

std::optional<Result<WalCopied>> WalCopy::wait() {
  if (!run_) return std::nullopt;
  run_->thread.join();
  auto result = std::move(run_->result);
  run_.reset();
  return result;
}

}  // namespace lanyard::storage
