#include "agent/service/space_reads.hpp"

#include <algorithm>

#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"
#include "storage/space_files.hpp"

namespace lanyard::agent {
Result<storage::SpaceReader*> SpaceReads::open(const SpaceId& space) {
  auto found = open_.find(space);
  if (found != open_.end() && found->second.reader->has_moved()) {
    open_.erase(found);
    found = open_.end();
  }
  if (found == open_.end()) {
    const auto file = storage::space_file(data_dir_, space);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
      return fail(Code::kCorrupt, "the file of the space is gone: " + file.string(),
                  "Put it back, or run  lanyard check  to see what can be done.");
    // What is closed first gives its descriptors to the next.
    if (open_.size() >= storage::within_descriptors(1, open_max_)) {
      open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
        return a.second.used < b.second.used;
      }));
    }
    LANYARD_TRY_SET(auto reader, storage::SpaceReader::open(file, space, hasher_));
    found = open_.emplace(space, Open{std::move(reader), 0}).first;
  }
  found->second.used = ++turn_;
  return found->second.reader.get();
}

tl::unexpected<Error> SpaceReads::took_too_long() {
  return fail(Code::kUnreachable, "the reading took longer than 5 s, and was ended",
              "Ask for less: a narrower where, or a smaller limit; or declare an index.");
}

template <class T, class Read>
Result<T> SpaceReads::read(const SpaceId& space, Read read) {
  LANYARD_TRY_SET(storage::SpaceReader* const reader, open(space));
  if (patience_) reader->take_at_most(*patience_);
  Result<T> out = read(*reader);
  if (out) return out;
  if (out.error().is(Code::kInterrupted) && patience_) return out;
  if (out.error().is(Code::kInterrupted)) return took_too_long();
  if (out.error().is(Code::kCorrupt) && on_damage_) on_damage_(space, out.error());
  // A file that was swapped or damaged under us is opened anew next time.
  if (!out.error().is(Code::kUsage)) open_.erase(space);
  return out;
}

Result<storage::ReadRecord> SpaceReads::get(const SpaceId& space, const std::string& collection,
                                            const std::string& key) {
  return read<storage::ReadRecord>(
      space, [&](storage::SpaceReader& reader) { return reader.get(collection, key); });
}

Result<storage::RecordPage> SpaceReads::query(const SpaceId& space,
                                              const storage::RecordQuery& query) {
  return read<storage::RecordPage>(
      space, [&](storage::SpaceReader& reader) { return reader.query(query); });
}

Status SpaceReads::for_each(const SpaceId& space, storage::RecordQuery query,
                            const std::function<Status(storage::ReadRecord&& record)>& take) {
  query.limit = limits::kPageRows;
  while (true) {
    LANYARD_TRY_SET(storage::RecordPage page, this->query(space, query));
    for (storage::ReadRecord& record : page.records) LANYARD_TRY(take(std::move(record)));
    if (page.cursor.empty()) return {};
    query.cursor = std::move(page.cursor);
  }
}

Result<std::uint64_t> SpaceReads::count(const SpaceId& space, const storage::RecordQuery& query) {
  return read<std::uint64_t>(space,
                             [&](storage::SpaceReader& reader) { return reader.count(query); });
}

Result<std::vector<storage::ReadConflict>> SpaceReads::conflicts(
    const SpaceId& space, const std::optional<storage::RecordOf>& record, std::size_t limit) {
  return read<std::vector<storage::ReadConflict>>(
      space, [&](storage::SpaceReader& reader) { return reader.conflicts(record, limit); });
}

Result<std::vector<storage::ReadResolution>> SpaceReads::resolutions(const SpaceId& space,
                                                                     const std::string& conflict) {
  return read<std::vector<storage::ReadResolution>>(
      space, [&](storage::SpaceReader& reader) { return reader.resolutions(conflict); });
}

Result<std::vector<storage::ReadTrash>> SpaceReads::trash(const SpaceId& space,
                                                          const storage::RecordOf& record,
                                                          std::size_t limit) {
  return read<std::vector<storage::ReadTrash>>(
      space, [&](storage::SpaceReader& reader) { return reader.trash(record, limit); });
}

Result<std::vector<storage::HiddenValue>> SpaceReads::hidden(
    const SpaceId& space, const storage::HiddenQuestion& question) {
  return read<std::vector<storage::HiddenValue>>(
      space, [&](storage::SpaceReader& reader) { return reader.hidden(question); });
}

Result<std::vector<Dot>> SpaceReads::deleting(const SpaceId& space, const std::vector<Dot>& changes,
                                              const storage::RecordOf& record) {
  return read<std::vector<Dot>>(
      space, [&](storage::SpaceReader& reader) { return reader.deleting(changes, record); });
}

Result<std::vector<std::string>> SpaceReads::deleted(const SpaceId& space,
                                                     const std::string& collection) {
  return read<std::vector<std::string>>(
      space, [&](storage::SpaceReader& reader) { return reader.deleted(collection); });
}

Result<bool> SpaceReads::is_in_trash(const SpaceId& space, const std::string& collection,
                                     const std::string& key) {
  LANYARD_TRY_SET(const auto hidden, trash(space, {collection, key}, 1));
  return !hidden.empty();
}

Result<storage::SpaceNumbers> SpaceReads::numbers(const SpaceId& space) {
  return read<storage::SpaceNumbers>(space,
                                     [](storage::SpaceReader& reader) { return reader.numbers(); });
}

Result<std::vector<storage::DeclaredIndex>> SpaceReads::indexes(const SpaceId& space) {
  return read<std::vector<storage::DeclaredIndex>>(
      space, [](storage::SpaceReader& reader) { return reader.indexes(); });
}

Result<std::uint64_t> SpaceReads::conflict_count(const SpaceId& space) {
  return read<std::uint64_t>(space,
                             [](storage::SpaceReader& reader) { return reader.conflict_count(); });
}

Result<VectorClock> SpaceReads::clock(const SpaceId& space) {
  return read<VectorClock>(space, [](storage::SpaceReader& reader) { return reader.applied(); });
}

Result<std::map<LogId, DeviceId>> SpaceReads::authors(const SpaceId& space) {
  return read<std::map<LogId, DeviceId>>(
      space, [](storage::SpaceReader& reader) { return reader.authors(); });
}

}  // namespace lanyard::agent
