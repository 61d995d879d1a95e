#include "storage/log_continuity.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::storage {
namespace {

/// Stamps of ours that lead the clock by more are left behind with their log. Less than a day is
/// left alone: clocks that hold the local time instead of UTC are off by up to 14 hours until they
/// are set, and a machine without a clock of its own by the hours since it was on last.
constexpr std::chrono::milliseconds kOwnLeadMax = std::chrono::hours(24);
/// 2023: there was no Lanyard before. A clock that shows less was not set since the machine began.
constexpr WallTime kFirstClock{1'672'531'200'000};

bool is_far_ahead(Hlc stamp, WallTime wall) {
  return wall >= kFirstClock &&
         stamp.ms() > static_cast<std::uint64_t>((wall.ms + kOwnLeadMax.count()));
}

/// The mark's change and those before it that the store should hold.
std::optional<LostWrites> lost_of(const HighWaterMark& mark, const VectorClock& held) {
  const auto found = held.find(mark.log);
  const Seq until = found == held.end() ? Seq{} : found->second.seq;
  if (mark.head.seq <= until) return std::nullopt;
  return LostWrites{{mark.log, mark.head.seq}, until};
}

}  // namespace

LogContinuity::LogContinuity(MarkFolder& folder, const SpaceId& space, SpaceStore& store,
                             const std::filesystem::path& file, Report report)
    : folder_(folder),
      space_(space),
      store_(store),
      report_(std::move(report)),
      mark_file_(folder.file(space)) {
  const SpaceState state = store.state();
  mark_ = {state.store, {}, {}, folder.machine(), lasting_inode(file)};
  const auto last = last_mark();
  if (last) lost_ = lost_of(*last, state.log.clock());
  // The random bytes of a file that was made just now stand nowhere else yet.
  is_proven_ = state.is_new || (last && fits(*last));
  if (!is_proven_) return;
  if (last) mark_ = *last;
  after_commit();  // a crash may have kept the last commit from being marked
}

/// What the mark says; nothing if there is none, or none that can be read.
std::optional<HighWaterMark> LogContinuity::last_mark() {
  const auto unwritten = folder_.unwritten.find(space_);
  if (unwritten != folder_.unwritten.end()) return unwritten->second;
  const auto bytes = mark_file_->read();
  // It may be read again later, and may then vouch for an older copy of the store.
  may_stand_ = !bytes;
  if (!bytes) return std::nullopt;
  const auto mark = decode_mark(*bytes, folder_.hasher());
  may_stand_ = mark && mark->log == store_.own_log().log;
  return mark;
}

bool LogContinuity::fits(const HighWaterMark& mark) const {
  const bool same_place =
      mark.store == mark_.store && mark.machine == mark_.machine && mark.inode == mark_.inode;
  if (!same_place || mark.log != store_.own_log().log) return false;
  const auto held = store_.holds_own(mark.head);
  return held && *held;
}

Status LogContinuity::before_own_write(WallTime wall) {
  if (is_proven_ && !is_in_doubt_) return leave_if_ahead(wall);
  const bool had_written = store_.own_log().head.seq.value > 0;
  const bool was_proven = is_proven_;
  LANYARD_TRY(leave_log());
  if (had_written && !was_proven)
    report_(
        Error(Code::kExists,
              "this copy of the space was restored, copied or moved, or its high-water mark was "
              "lost: it goes on in a new log, and asks the other devices for what it lost"));
  return {};
}

/// A log's stamps only increase, so one that was written while the clock was years ahead would stay
/// there, and win against whatever others write beside it. The next log begins at the right time
/// (ADR 0028).
Status LogContinuity::leave_if_ahead(WallTime wall) {
  const Hlc after = store_.own_log().after;
  if (!is_far_ahead(after, wall)) return {};
  LANYARD_TRY(leave_log());
  const std::uint64_t days =
      (after.ms() - static_cast<std::uint64_t>(wall.ms)) / (24 * 60 * 60 * 1000);
  report_(Error(Code::kExists,
                "the clock of this device was " + std::to_string(days) +
                    " days ahead when it wrote to the space last: what is written from now on goes "
                    "into a new log, with the time of now"));
  return {};
}

Status LogContinuity::leave_log() {
  is_proven_ = false;
  LANYARD_TRY(store_.start_incarnation());
  is_proven_ = true;
  is_in_doubt_ = false;
  may_stand_ = false;  // what the file names, if anything, is not our log any more
  after_commit();
  return {};
}

void LogContinuity::after_commit() {
  if (!is_proven_) return;
  const OwnLog own = store_.own_log();
  if (own.log != mark_.log || own.head != mark_.head) write_mark(own);
}

void LogContinuity::write_mark(const OwnLog& own) {
  mark_.log = own.log;
  mark_.head = own.head;
  const Status written = mark_file_->write(encode(mark_, folder_.hasher()));
  if (!written) return cannot_mark(written.error());
  may_stand_ = true;
  folder_.unwritten.erase(space_);
}

/// The log goes on, and a mark that stays behind would fit to an older copy of the store.
void LogContinuity::cannot_mark(const Error& why) {
  const Status removed = mark_file_->remove();
  if (removed) may_stand_ = false;
  if (may_stand_) {
    const Status started = store_.start_incarnation();
    is_proven_ = started.has_value();  // or before the next write
    may_stand_ = !started;
    mark_.log = store_.own_log().log;
    mark_.head = store_.own_log().head;
  }
  folder_.unwritten[space_] = mark_;
  if (std::exchange(has_reported_, true)) return;
  report_(Error(why.code,
                "the high-water mark of the space cannot be kept (" + why.detail +
                    "); nothing is lost by that, and each start of the agent begins a new log",
                "Make the state folder writable."));
}

bool LogContinuity::sync_if_due(WallTime now) {
  if (mark_file_->is_synced()) return false;
  const bool is_due =
      !synced_ || now < *synced_ ||  // a clock that was set back begins anew
      now.ms - synced_->ms >= std::chrono::milliseconds(limits::kMarkSyncEvery).count();
  if (!is_due) return false;
  synced_ = now;
  sync();
  return true;
}

void LogContinuity::sync() {
  if (const Status synced = mark_file_->sync(); !synced) cannot_mark(synced.error());
}

}  // namespace lanyard::storage
