#pragma once

#include <optional>

#include "tests/sim/ledger.hpp"
#include "tests/sim/report.hpp"
#include "tests/support/chance.hpp"

namespace lanyard::sim {

/// A person or an app at some device: reads records, keeps what it read for as long as it likes,
/// and writes on it, there or at another device.
class Client {
 public:
  explicit Client(std::uint64_t number) : chance_(number) {}

  /// Reads some records and keeps their versions.
  void read_some(const support::MemoryStore& store);
  /// A change to be written, and for each op what had been read when it was thought of.
  struct Wish {
    merge::LocalChange change;
    std::vector<std::set<Dot>> seen;
  };
  /// The next thing it wants to write: one to three ops, of any kind.
  [[nodiscard]] Wish wish(Report& report);
  /// The change is safe. `held_before`: what its store held, for ops that name no read.
  void acknowledged(const Wish& wish, const merge::Written& written, VectorClock held_before,
                    Ledger& ledger, Report& report);

  /// One value in a lifetime is too large for one op.
  bool has_large_value = false;

 private:
  using Name = std::pair<std::string, std::string>;
  struct Memory {
    std::string version;
    std::set<Dot> seen;
  };

  [[nodiscard]] Name some_record();
  [[nodiscard]] merge::LocalOp some_op(Report& report);
  void fill(merge::LocalOp& op);
  [[nodiscard]] Bytes some_value();

  support::Chance chance_;
  std::map<Name, Memory> memory_;
};

}  // namespace lanyard::sim
