#include "agent/service/long_reads.hpp"

#include "storage/space_files.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kLongReadsWaitingMax = 32;
/// A page of a long history is sent as far as it was found by then.
constexpr std::chrono::milliseconds kHistoryPageMost{1000};

}  // namespace

LongReads::~LongReads() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    waiting_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LongReads::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_over_ || !waiting_.empty(); });
    if (is_over_) return;
    const auto job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

template <class T>
void LongReads::add(std::function<Result<T>()> read, const Done<T>& done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kLongReadsWaitingMax) {
      waiting_.emplace_back([read = std::move(read), done, post = host_.post] {
        const auto answer = std::make_shared<Result<T>>(read());
        post([done, answer] { done(std::move(*answer)); });
      });
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      wake_.notify_one();
      return;
    }
  }
  done(fail(Code::kBusy, "too many long readings wait already", "Try again in a moment."));
}

void LongReads::sql(const SpaceId& space, storage::SqlQuestion question,
                    std::chrono::milliseconds most, const Done<storage::SqlAnswer>& done) {
  const auto file = storage::space_file(host_.data_dir, space);
  add<storage::SqlAnswer>(
      [this, file, question = std::move(question), most]() -> Result<storage::SqlAnswer> {
        auto answer = storage::ask_sql(file, question, {most, is_over_});
        if (answer || !answer.error().is(Code::kInterrupted)) return answer;
        return fail(
            Code::kUnreachable,
            "the statement took longer than " + std::to_string(most.count()) + " ms, and was ended",
            "Ask for less, or declare an index for what it looks for.");
      },
      done);
}

/// With our names for devices at hand.
template <class T>
void LongReads::add_named(std::function<Result<T>(const DeviceNames& names)> read,
                          const Done<T>& done) {
  ask_storage<DeviceNames>(
      host_,
      [self = host_.self, self_name = host_.self_name](storage::Vault& vault) {
        return DeviceNames::read(vault, self, self_name);
      },
      [this, read = std::move(read), done](const Result<DeviceNames>& names) {
        if (!names) return done(fail(names.error()));
        add<T>([read, names = *names] { return read(names); }, done);
      });
}

void LongReads::history(const SpaceId& space, storage::HistoryQuestion question,
                        const Done<History>& done) {
  add_named<History>(
      [this, file = storage::space_file(host_.data_dir, space),
       question = std::move(question)](const DeviceNames& names) -> Result<History> {
        History out;
        LANYARD_TRY_SET(out.page,
                        storage::read_history(file, question, {kHistoryPageMost, is_over_}));
        for (const storage::HistoryEntry& entry : out.page.entries)
          out.devices.push_back(names.of(entry.device));
        return out;
      },
      done);
}

void LongReads::base(const SpaceId& space, const storage::ReadConflict& conflict,
                     const Done<std::optional<Base>>& done) {
  storage::BaseQuestion question{conflict.collection, conflict.key, conflict.field, {}};
  for (const storage::ReadSibling& each : conflict.siblings)
    question.edits.insert(question.edits.end(), each.edits.begin(), each.edits.end());
  add_named<std::optional<Base>>(
      [this, file = storage::space_file(host_.data_dir, space),
       question = std::move(question)](const DeviceNames& names) -> Result<std::optional<Base>> {
        auto found = storage::read_base(file, question, {kHistoryPageMost, is_over_});
        if (!found && found.error().is(Code::kInterrupted)) return std::nullopt;
        if (!found) return fail(found.error());
        if (!*found) return std::nullopt;
        return Base{**found, names.of((*found)->device)};
      },
      done);
}

}  // namespace lanyard::agent
