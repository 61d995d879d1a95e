#pragma once

#include <functional>
#include <map>
#include <optional>

#include "replication/oplog/op.hpp"
#include "replication/oplog/pack.hpp"
#include "storage/long_reading.hpp"

/// Reading a space's log from its end on, as it lies there: what was stored is proven.
namespace lanyard::storage {

/// The time that somebody waits, from now on.
class Waiting {
 public:
  explicit Waiting(const Patience& patience) : patience_(patience) {}
  [[nodiscard]] bool is_over() const {
    return patience_.is_given_up || std::chrono::steady_clock::now() - began_ > patience_.most;
  }

 private:
  const Patience& patience_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// Whether to go on to the change before.
using UseChange = std::function<Result<bool>(const oplog::Change& change)>;

/// The changes before this position in the log, the newest first, until `use` has had enough or
/// `is_late` says so between two packs. Payloads live as long as the call of `use`. The position to
/// go on from; nothing: that was all.
[[nodiscard]] Result<std::optional<std::uint64_t>> read_backwards(
    Database& database, std::uint64_t before, const UseChange& use,
    const std::function<bool()>& is_late);

/// Whether the op changes this record; a clear does where it clears the collection.
[[nodiscard]] bool is_about(const oplog::Op& op, std::string_view collection, std::string_view key);

/// Whether a change of the log with this number counts: one that breaks a rule does not.
[[nodiscard]] Result<bool> has_effect(Database& database, std::uint32_t log, Seq seq);

/// The canonical value of a member of a put or patch, put together if it came in chunks.
[[nodiscard]] Result<Bytes> value_of(Database& database, const oplog::FieldValue& field,
                                     std::uint32_t log);

/// The logs that are held, with the numbers by which tables name them.
struct NumberedLog {
  std::uint32_t number = 0;
  DeviceId device;
};
[[nodiscard]] Result<std::map<LogId, NumberedLog>> numbered_logs(Database& database);

}  // namespace lanyard::storage
