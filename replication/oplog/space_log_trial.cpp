#include "replication/oplog/space_log_trial.hpp"

namespace lanyard::oplog {
namespace {

template <class T>
void note_entry(std::map<LogId, std::optional<T>>& before, const std::map<LogId, T>& entries,
                const LogId& log) {
  if (before.contains(log)) return;
  const auto found = entries.find(log);
  before.emplace(log, found == entries.end() ? std::nullopt : std::optional<T>(found->second));
}

template <class T>
void put_back(std::map<LogId, std::optional<T>>& before, std::map<LogId, T>& entries) {
  for (auto& [log, entry] : before) {
    if (entry) {
      entries.insert_or_assign(log, std::move(*entry));
    } else {
      entries.erase(log);
    }
  }
}

}  // namespace

SpaceLogTrial::~SpaceLogTrial() {
  if (is_kept_) return;
  log_.founder = founder_;
  put_back(logs_, log_.logs);
  put_back(branches_, log_.branches);
  put_back(told_, log_.told);
  for (const DeviceId& device : admitted_) log_.admissions.undo(device);
}

Status SpaceLogTrial::advance(const Change& change) {
  note(change);
  return log_.advance(change, hasher_, &admitted_);
}

/// A change touches its own log alone; the branches of that where a fork was told of and settles.
void SpaceLogTrial::note(const Change& change) {
  const LogId& log = change.header.log;
  note_entry(logs_, log_.logs, log);
  const auto told = log_.told.find(log);
  if (told == log_.told.end() || !told->second.parts_at(change.header.seq)) return;
  note_entry(told_, log_.told, log);
  note_entry(branches_, log_.branches, log);
}

}  // namespace lanyard::oplog
