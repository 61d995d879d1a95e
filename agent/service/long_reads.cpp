#include "agent/service/long_reads.hpp"

#include "replication/types/limits.hpp"
#include "storage/space_files.hpp"

namespace lanyard::agent {
namespace {

/// A page of a long history is sent as far as it was found by then.
constexpr std::chrono::milliseconds kHistoryPageMost{1000};

}  // namespace

template <class T>
ReaderPool::Refused LongReads::refused(const Done<T>& done) const {
  return [done, post = host_.post] {
    post([done] {
      done(fail(Code::kBusy, "too many long readings wait already", "Try again in a moment."));
    });
  };
}

template <class T>
void LongReads::add(std::function<Result<T>()> read, const Done<T>& done) {
  pool_.read_long(
      [read = std::move(read), done, post = host_.post] {
        const auto answer = std::make_shared<Result<T>>(read());
        post([done, answer] { done(std::move(*answer)); });
      },
      refused(done));
}

template <class T>
void LongReads::read(std::function<Result<T>(SpaceReads& reads)> ask, const Done<T>& done) {
  pool_.read(
      [ask = std::move(ask), done, post = host_.post](SpaceReads& reads,
                                                      std::chrono::milliseconds most) {
        const auto answer = std::make_shared<Result<T>>(ask(reads));
        if (!*answer && answer->error().is(Code::kInterrupted)) {
          if (most < limits::kReadTimeMax) return false;
          *answer = SpaceReads::took_too_long();
        }
        post([done, answer] { done(std::move(*answer)); });
        return true;
      },
      refused(done));
}

void LongReads::page(const SpaceId& space, storage::RecordQuery query,
                     const Done<storage::RecordPage>& done) {
  read<storage::RecordPage>(
      [space, query = std::move(query)](SpaceReads& reads) { return reads.query(space, query); },
      done);
}

void LongReads::count(const SpaceId& space, storage::RecordQuery query,
                      const Done<std::uint64_t>& done) {
  read<std::uint64_t>(
      [space, query = std::move(query)](SpaceReads& reads) { return reads.count(space, query); },
      done);
}

void LongReads::numbers(const SpaceId& space, const Done<storage::SpaceNumbers>& done) {
  read<storage::SpaceNumbers>([space](SpaceReads& reads) { return reads.numbers(space); }, done);
}

void LongReads::conflicts(const SpaceId& space, const std::optional<storage::RecordOf>& record,
                          std::size_t limit, const Done<std::vector<storage::ReadConflict>>& done) {
  read<std::vector<storage::ReadConflict>>(
      [space, record, limit](SpaceReads& reads) { return reads.conflicts(space, record, limit); },
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
                        storage::read_history(file, question, {kHistoryPageMost, pool_.is_over()}));
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
        auto found = storage::read_base(file, question, {kHistoryPageMost, pool_.is_over()});
        if (!found && found.error().is(Code::kInterrupted)) return std::nullopt;
        if (!found) return fail(found.error());
        if (!*found) return std::nullopt;
        return Base{**found, names.of((*found)->device)};
      },
      done);
}

}  // namespace lanyard::agent
