#pragma once

#include "replication/types/limits.hpp"
#include "replication/wire/message.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

/// Valid changes by chance, of a member with real keys: of every kind, at the limits of each.
namespace lanyard::hostile {

/// Ops of one change, encoded one after the other.
class Ops {
 public:
  void add(const oplog::Op& op) {
    oplog::encode(op, bytes_);
    ++count_;
  }
  /// Bytes of an op that oplog::Op does not know.
  void add_raw(ByteView op) {
    append(bytes_, op);
    ++count_;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
  [[nodiscard]] Bytes plain(std::uint8_t encoding = oplog::kEncodingMsgpack) const {
    return oplog::plain_of(count_, bytes_, encoding);
  }

 private:
  Bytes bytes_;
  std::size_t count_ = 0;
};

/// What a step has others take.
struct Made {
  std::size_t signed_bytes = 0;  ///< headers, payloads, signatures, and what other messages carry
  std::size_t changes = 0;       ///< of the space; those that found one apart
  std::size_t logs = 0;          ///< opened
  std::size_t spaces = 0;        ///< founded
  std::size_t members = 0;       ///< admitted for the first time
};

/// A space of Mallory's with nobody in it but her and one agent.
struct Founded {
  SpaceId space;
  VectorClock clock;
  Bytes pack;
};

/// Makes the changes of one space: keeps Mallory's logs in it, counts and packs what is made.
class Forge {
 public:
  /// `origin`: what a log names as held when it is opened, the admission of Mallory among it.
  Forge(support::Chance& chance, oplog::Device& mallory, const SpaceId& space, const EpochId& epoch,
        const VectorClock& origin, std::size_t scale);

  support::Chance& chance;
  oplog::Device& mallory;

  /// So many, or as few as half of that; times the scale of the run.
  [[nodiscard]] std::size_t many(std::size_t count);
  [[nodiscard]] const SpaceId& space() const { return space_.id; }

  /// The log that goes on through the whole run.
  oplog::LogWriter& main();
  oplog::LogWriter& open_log(std::vector<oplog::ContextEntry> more = {});
  [[nodiscard]] std::size_t count_logs() const { return logs_.size(); }
  /// Heads of so many of her other logs, at most a context's.
  [[nodiscard]] std::vector<oplog::ContextEntry> heads(std::size_t count,
                                                       const oplog::LogWriter& but);

  using Context = std::vector<oplog::ContextEntry>;
  /// Makes a change, and has it sent in a pack.
  void write(oplog::LogWriter& log, Bytes plain, Context context = {},
             const oplog::LogWriter::Spoil& spoil = {});
  void write(oplog::LogWriter& log, const Ops& ops, Context context = {}) {
    write(log, ops.plain(), std::move(context));
  }
  /// Has an open change sent that admits whom the ops say.
  void admit(oplog::LogWriter& log, const std::vector<oplog::OpenOp>& ops, std::size_t new_members);
  /// The same for a change that is a live run by itself.
  void say_live(oplog::LogWriter& log, const Ops& ops, Context context = {});
  /// Any message; `bytes`: what it carries.
  void say(wire::Message message, std::size_t bytes);
  /// Two branches of a log: a fork, proven.
  void fork(std::size_t first, std::size_t second, std::size_t payload_bytes);
  void found_space(const DeviceId& agent);

  // ---- what is to be sent, in this order
  [[nodiscard]] std::vector<Bytes> take_packs();
  [[nodiscard]] std::vector<wire::Message> take_messages() { return std::exchange(messages_, {}); }
  [[nodiscard]] std::vector<Founded> take_founded() { return std::exchange(founded_, {}); }
  [[nodiscard]] Made take_made() { return std::exchange(made_, {}); }
  /// Where all her logs end.
  [[nodiscard]] const VectorClock& clock() const { return clock_; }

 private:
  void append(oplog::LogWriter& log, oplog::ChangeKind kind, Bytes plain, Context context,
              const oplog::LogWriter::Spoil& spoil = {});
  void count(const oplog::Change& change);
  /// Whether a change with so much fits into the pack of those that wait.
  [[nodiscard]] bool fits(std::size_t payload, std::size_t entries) const;
  void pack_up();
  [[nodiscard]] Bytes branch(oplog::LogWriter& log, std::size_t changes, std::size_t bytes);

  oplog::Space space_;
  Context origin_;
  std::size_t scale_;
  std::deque<oplog::LogWriter> logs_;
  VectorClock clock_;
  std::vector<oplog::Change> waiting_;
  std::map<LogId, oplog::LogWriter*> writers_;  ///< of those that wait
  std::size_t waiting_payload_ = 0;
  std::size_t waiting_entries_ = 0;
  std::vector<Bytes> packs_;
  std::vector<wire::Message> messages_;
  std::vector<Founded> founded_;
  Made made_;
};

// ---- parts of changes

/// A text that no compression makes small.
[[nodiscard]] std::string letters(support::Chance& chance, std::size_t size);
[[nodiscard]] Bytes text_value(std::string_view text);
[[nodiscard]] Bytes integer_value(std::int64_t number);
/// An op of this kind about a record, without fields.
[[nodiscard]] oplog::Op op_of(oplog::OpKind kind, std::string_view collection,
                              std::string_view key);
/// Adds a put of one text that is so long that the op has exactly so many bytes, 64 KiB or more.
void add_put_of(Ops& ops, std::size_t bytes, std::string_view key, std::string_view field,
                std::string_view collection, std::string_view letters);

/// One way to be a burden: makes some changes, or other things to say.
struct Maker {
  const char* name;
  void (*make)(Forge& forge);
};
/// Those that leave all who hold the same changes with the same records.
[[nodiscard]] std::vector<Maker> makers();
/// In a space of their own: until both branches count, members may differ in what a log says.
[[nodiscard]] std::vector<Maker> makers_of_forks();

// The files that makers() is made of.
[[nodiscard]] std::vector<Maker> makers_of_edits();
[[nodiscard]] std::vector<Maker> makers_of_large_ones();
[[nodiscard]] std::vector<Maker> makers_of_logs();
[[nodiscard]] std::vector<Maker> makers_beside_changes();

}  // namespace lanyard::hostile
