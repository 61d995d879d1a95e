#include "storage/wal_upkeep.hpp"

namespace lanyard::storage {

WalUpkeep::WalUpkeep(Database& database, WalCopy copy, std::uint64_t long_bytes)
    : database_(database), copy_(std::move(copy)), length_(long_bytes) {
  database_.leave_wal();
}

void WalUpkeep::committed() {
  // In this order: what is over now was of the WAL before this commit.
  take_result(copy_.take());
  length_.committed(database_.wal_pages());
  if (copy_.is_running() || !length_.is_long() || length_.uncopied() == 0) return;
  if (length_.is_hindered() || was_in_vain_) {
    if (length_.has_grown()) copy_beside();
  } else if (length_.is_short_copy()) {
    copy_now();  // the end of it: the next transaction begins at its start
  } else {
    copy_beside();
  }
}

Status WalUpkeep::idle() {
  take_result(copy_.take());
  if (!copy_.is_running()) {
    if (std::exchange(wants_end_, false) && length_.is_short_copy()) copy_now();
    const bool is_due = length_.is_long() && length_.uncopied() > 0 &&
                        std::chrono::steady_clock::now() - tried_ >= kWalLookEvery;
    if (is_due || length_.is_worth_copying()) length_.is_short_copy() ? copy_now() : copy_beside();
  }
  if (!failed_) return {};
  Error failed = std::move(*failed_);
  failed_.reset();
  return fail(std::move(failed));
}

bool WalUpkeep::may_close() {
  take_result(copy_.take());
  if (copy_.is_running()) return false;
  if (length_.is_short_copy() || (length_.is_hindered() && !length_.is_long())) return true;
  if (std::chrono::steady_clock::now() - tried_ >= kWalLookEvery) copy_beside();
  return false;
}

void WalUpkeep::finish() { take_result(copy_.wait()); }

WalState WalUpkeep::state() const {
  const auto pages = static_cast<std::uint64_t>(length_.pages());
  return {pages * kPageBytes, length_.is_held(), length_.is_full(),
          copy_.is_running() || (length_.is_long() && length_.uncopied() > 0)};
}

void WalUpkeep::take_result(std::optional<Result<WalCopied>> result) {
  if (!result) return;
  was_in_vain_ = !*result;
  if (*result) {
    length_.copied(**result);
    wants_end_ = !length_.is_hindered() && length_.uncopied() > 0;
    return;
  }
  // Another program copies it just now: that is as well.
  if (!result->error().is(Code::kBusy)) failed_ = result->error();
}

void WalUpkeep::copy_now() {
  tried_ = std::chrono::steady_clock::now();
  length_.copying();
  take_result(database_.checkpoint_beside_readers());
}

void WalUpkeep::copy_beside() {
  tried_ = std::chrono::steady_clock::now();
  length_.copying();
  was_in_vain_ = !copy_.start();
}

}  // namespace lanyard::storage
