#pragma once

#include "replication/merge/version.hpp"
#include "tests/support/merge_loss.hpp"

/// Random histories of a small world: devices with agents, clients with stale versions, partitions,
/// clocks that are years wrong, restored stores. What rules are broken on the way is thrown.
namespace lanyard::testing {

/// Chance from a number: equal seeds give equal draws (SplitMix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t roll();
  /// From 0 to `end` - 1.
  [[nodiscard]] std::size_t below(std::size_t end) { return roll() % end; }
  [[nodiscard]] bool chance(std::size_t percent) { return below(100) < percent; }
  template <class Many>
  [[nodiscard]] auto& pick(Many& many) {
    return many[below(many.size())];
  }
  /// `count` different ones, in random order.
  template <class T>
  [[nodiscard]] std::vector<T> sample(std::vector<T> from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) std::swap(from[i], from[i + below(from.size() - i)]);
    from.resize(count);
    return from;
  }

 private:
  std::uint64_t state_;
};

/// An app: what it read (its versions), and, kept apart, what was truly shown to it.
struct Client {
  std::map<RecordName, merge::Version> versions;
  std::map<RecordName, merge::DotSet> shown;
  std::set<RecordName> restored;  ///< and not read since: sums it knows without reading
};

struct Device {
  merge::LogNumber log = 0;
  std::int64_t clock_error_ms = 0;
  std::size_t group = 0;  ///< only devices of one group meet
  Hlc last;
  MergeStore store;
  Changes order;  ///< of application
  std::vector<Client> clients;
};

class World {
 public:
  /// `wild`: arbitrary unseen and revives, and forced deletes. Then only convergence can be asked.
  World(std::uint64_t seed, bool wild);
  /// Something happens somewhere. All of it follows from `seed`, so that a step can be left out of
  /// a failing history.
  void step(std::uint64_t seed);

  [[nodiscard]] const Changes& changes() const { return changes_; }
  [[nodiscard]] const std::vector<Device>& devices() const { return devices_; }
  [[nodiscard]] const ShownBefore& shown_before() const { return shown_before_; }
  [[nodiscard]] bool is_wild() const { return wild_; }
  [[nodiscard]] std::size_t deletes_refused() const { return deletes_refused_; }

 private:
  struct Draft;
  void pull(Device& device, Dice& dice);
  void write(Device& device, Dice& dice);
  void add_op(Draft& draft, const MergeOp& op);
  void after_op(Draft& draft, const MergeOp& op, const RecordName& name);
  MergeOp wish(const RecordName& name, Dice& dice) const;
  bool finish(Draft& draft, MergeOp& op, Dice& dice);
  bool finish_delete(Draft& draft, const MergeOp& op);
  void make_wild(const Draft& draft, MergeOp& op, Dice& dice) const;

  bool wild_;
  bool mixed_ = false;  ///< any op on any field: clashes of kinds
  std::uint64_t now_ms_ = 60'000'000;
  merge::LogNumber logs_ = 0;
  std::vector<Device> devices_;
  std::vector<RecordName> records_;
  std::vector<std::string> fields_;
  Changes changes_;
  ShownBefore shown_before_;
  std::size_t deletes_refused_ = 0;
};

}  // namespace lanyard::testing
