#pragma once

#include <deque>

#include "replication/merge/apply.hpp"
#include "replication/merge/log_table.hpp"
#include "replication/merge/record_table.hpp"
#include "replication/oplog/intake.hpp"

namespace lanyard::merge {

/// What is remembered of a log between its changes.
struct MergedLog {
  LogId log;
  std::uint64_t seq = 0;  ///< of its last change that was taken
  Context context;        ///< its author's clock in that change
  friend bool operator==(const MergedLog&, const MergedLog&) = default;
};

struct RecordName {
  std::string collection;
  std::string key;
  friend auto operator<=>(const RecordName&, const RecordName&) = default;
};

/// Mistakes that tests plant, to see that the simulator finds them.
enum class PlantedBug : std::uint8_t {
  kNone,
  kIgnoreContexts,   ///< every change is taken to have seen everything
  kWallClockDecides  ///< of concurrent values only the one with the greatest timestamp is kept
};

/// Merges changes into the tables of one store: finds out what each change's author had seen, what
/// the change comes to, and applies the ops of a batch record by record in the order of keys, which
/// is what makes bulk fast. The same for a store on SQLite and for one of the simulator. Pure but
/// for its table.
///
///   take(change)...; flush(); until then the payloads of the taken changes must live. After an
///   error nothing here can be trusted: make a new one from what the tables hold.
class Merger {
 public:
  struct Options {
    PlantedBug bug = PlantedBug::kNone;
    /// Names of records in touched(): what live queries are told one by one.
    std::size_t touched_max = 1000;
  };
  struct Counts {
    std::size_t changes = 0;
    std::size_t ops = 0;
    std::size_t without_effect = 0;
    std::size_t void_deletes = 0;  ///< noticed here: events, not state
  };

  /// `logs`: by number. Both references outlive this.
  Merger(RecordTable& table, const Hasher& hasher, const std::vector<MergedLog>& logs,
         Options options);

  /// The next change in the order of application; its chain and causal past are proven. Answers
  /// what it comes to; anything but kEffective leaves the tables alone. `cipher` opens what is
  /// sealed.
  [[nodiscard]] Result<oplog::Effect> take(const oplog::Change& change, const Cipher& cipher);
  /// Applies what was taken.
  [[nodiscard]] Status flush();
  /// Ops that wait for flush(), and the bytes of payloads and contexts that are kept for them.
  [[nodiscard]] std::size_t waiting_ops() const { return ops_.size(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return memory_bytes_; }

  [[nodiscard]] const LogTable& logs() const { return logs_; }
  [[nodiscard]] const MergedLog& log(LogNumber number) const { return merged_.at(number); }
  /// Whether it was taken.
  [[nodiscard]] bool holds(const LocalDot& dot) const;

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] const std::vector<RecordName>& touched() const { return touched_; }
  /// Whether touched() names all of them.
  [[nodiscard]] bool touched_all() const { return touched_all_; }
  /// Those of touched() of which a delete was found to be void.
  [[nodiscard]] const std::vector<RecordName>& voided() const { return voided_; }
  void forget_counts();

 private:
  struct Taken {
    LocalDot dot;
    Hlc timestamp;
    Context context;
  };
  struct Waiting {
    oplog::Op op;
    std::uint32_t change = 0;  ///< index into taken_
    CollectionNumber collection = 0;
  };
  struct Place;  // of one waiting op in the order of keys
  struct Clear;

  [[nodiscard]] Context context_of(const oplog::Header& header, LogNumber log);
  [[nodiscard]] Result<oplog::Effect> take_ops(ByteView plain, LogNumber log, std::size_t first);
  [[nodiscard]] Status place_ops(std::size_t first);
  [[nodiscard]] Result<bool> join_chunks(std::size_t depth_max, std::size_t first, LogNumber log);
  [[nodiscard]] Status merge_waiting();
  [[nodiscard]] std::vector<const Clear*> clears_of(CollectionNumber collection,
                                                    std::span<const Place> places,
                                                    const std::vector<Clear>& clears) const;
  [[nodiscard]] Status merge_record(std::span<const Place> places,
                                    const std::vector<Clear>& clears);
  /// Whether a delete was found to be void.
  bool apply_in_turn(Record& record, std::span<const Place> places,
                     const std::vector<const Clear*>& clears);
  [[nodiscard]] Status clear_others(const std::vector<Place>& places,
                                    const std::vector<Clear>& clears);
  [[nodiscard]] Status clear_collection(CollectionNumber collection,
                                        const std::vector<Place>& places,
                                        const std::vector<const Clear*>& clears);
  [[nodiscard]] Status clear_record(CollectionNumber collection, const std::string& key,
                                    const std::vector<const Clear*>& clears);
  [[nodiscard]] Event event_of(const Waiting& waiting) const;
  /// Whether a delete was found to be void.
  bool apply_one(Record& record, const Event& event, const oplog::Op& op);
  void note_void(CollectionNumber collection, std::string_view key);
  void touch(CollectionNumber collection, std::string_view key);

  RecordTable& table_;
  const Hasher& hasher_;
  Options options_;
  LogTable logs_;
  std::vector<MergedLog> merged_;  // by number
  std::deque<Taken> taken_;
  std::vector<Waiting> ops_;
  std::deque<Bytes> memory_;  // payloads and values that were opened or put together
  std::size_t memory_bytes_ = 0;
  /// Whether the last single writes met no record: tells which way to try first. Costs time only.
  int fresh_luck_ = 0;
  Counts counts_;
  std::vector<RecordName> touched_;
  std::vector<RecordName> voided_;
  bool touched_all_ = true;
};

}  // namespace lanyard::merge
