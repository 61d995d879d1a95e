#include "agent/sql/sql_processes.hpp"

#include "storage/started_thread.hpp"

namespace lanyard::agent {

SqlProcesses::~SqlProcesses() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_all();
  if (ender_.joinable()) ender_.join();
}

Result<storage::SqlAnswer> SqlProcesses::ask(const std::filesystem::path& file,
                                             const storage::SqlQuestion& question,
                                             const storage::Patience& patience) {
  auto process = take(file);
  const bool was_kept = process != nullptr;
  if (!process) {
    LANYARD_TRY_SET(process, SqlProcess::start(file, patience.is_given_up));
  }
  auto answer = process->ask(question, patience);
  const bool is_gone = !answer && answer.error().is(Code::kNotRunning);
  // One that was kept may have ended in the moment in which it was asked; what ends every process
  // ends the next one too.
  if (is_gone && was_kept) {
    LANYARD_TRY_SET(process, SqlProcess::start(file, patience.is_given_up));
    answer = process->ask(question, patience);
  }
  if (process->is_good()) keep(std::move(process));
  if (answer || !answer.error().is(Code::kNotRunning)) return answer;
  return fail(Code::kTooLarge, answer.error().detail,
              "The statement needs more than one may have. Ask for less at a time.");
}

std::unique_ptr<SqlProcess> SqlProcesses::take(const std::filesystem::path& file) {
  List old;  // ended without the lock
  const std::lock_guard lock(mutex_);
  for (auto each = kept_.begin(); each != kept_.end(); ++each) {
    if (each->process->file() != file) continue;
    if (each->process->is_good()) {
      auto out = std::move(each->process);
      kept_.erase(each);
      return out;
    }
    old.splice(old.begin(), kept_, each);
    break;
  }
  return nullptr;
}

void SqlProcesses::keep(std::unique_ptr<SqlProcess> process) {
  List not_kept;  // they are ended without the lock
  const std::lock_guard lock(mutex_);
  if (is_over_) return;
  kept_.push_back({std::move(process), Clock::now() + kKept});
  wake_.notify_all();
  if (has_ender_) return;
  if (ender_.joinable()) ender_.join();  // it has nothing left to do
  has_ender_ = storage::start_thread(ender_, "sql-ender", [this] { end_by_and_by(); });
  if (!has_ender_) not_kept.swap(kept_);
}

void SqlProcesses::let_go(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  for (Kept& each : kept_)
    if (each.process->file() == file) each.until = {};
  wake_.notify_all();
}

void SqlProcesses::end_by_and_by() {
  std::unique_lock lock(mutex_);
  while (!kept_.empty() && !is_over_) {
    List due;
    const auto now = Clock::now();
    auto next = now + kKept;
    for (auto each = kept_.begin(); each != kept_.end();) {
      const auto place = each++;
      const bool is_one_too_many = kept_.size() > kKeptMax;
      if (place->until <= now || is_one_too_many) {
        due.splice(due.end(), kept_, place);
      } else {
        next = std::min(next, place->until);
      }
    }
    if (due.empty()) {
      wake_.wait_until(lock, next);
      continue;
    }
    lock.unlock();
    due.clear();  // waits for their ends
    lock.lock();
  }
  kept_.clear();
  has_ender_ = false;
}

}  // namespace lanyard::agent
