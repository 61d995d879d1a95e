#pragma once

#include <memory>
#include <span>

#include "replication/merge/local_dot.hpp"

namespace lanyard::merge {

/// The whole clock of a change's author before it: what its agent held. Some member may have opened
/// a hundred thousand logs, and contexts of thousands of changes may wait in a batch: copies share
/// what they say of other logs, and a context without a log has no place for it.
class Context {
 public:
  struct Entry {
    LogNumber log = 0;
    std::uint64_t seq = 0;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  /// Nothing is covered.
  Context() = default;
  /// Of a change whose agent held whatever any record names.
  [[nodiscard]] static Context everything();

  [[nodiscard]] bool covers(const LocalDot& dot) const {
    if (dot.log == own_.log && dot.seq <= own_.seq) return true;
    return seq_of(dot.log) >= dot.seq || is_everything_;
  }
  /// What is held of a log, its author's own aside; 0 where it is nothing.
  [[nodiscard]] std::uint64_t seq_of(LogNumber log) const;
  /// Sorted by log, each once; without the author's own log, unless it was raised.
  [[nodiscard]] std::span<const Entry> entries() const {
    return entries_ ? std::span<const Entry>(*entries_) : std::span<const Entry>();
  }

  /// Takes in what is further than what is held. `more`: sorted by log, each once. The bytes of
  /// memory that it took: none if it changed nothing.
  std::size_t raise(std::span<const Entry> more);
  void raise(LogNumber log, std::uint64_t seq);
  /// The author's own log, as far as the change before.
  void set_own(LogNumber log, std::uint64_t seq) { own_ = {log, seq}; }

  friend bool operator==(const Context& left, const Context& right);

 private:
  std::shared_ptr<const std::vector<Entry>> entries_;
  Entry own_;
  bool is_everything_ = false;
};

}  // namespace lanyard::merge
