#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "replication/types/bytes.hpp"

namespace lanyard::sim {

/// One number over everything that happened. The same for every compiler and build, or the
/// simulator is not deterministic.
class Trace {
 public:
  void add(std::uint64_t value) {
    value_ = (value_ ^ value) * 0x9E3779B97F4A7C15U;
    value_ ^= value_ >> 29;
  }
  void add(ByteView bytes) {
    std::uint64_t word = bytes.size();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      word = word << 8 | bytes[i];
      if (i % 8 == 7) add(std::exchange(word, 0));
    }
    add(word);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x1234567890ABCDEFU;
};

/// What can go wrong in a simulated world. Each must happen somewhere in the seeds of a run.
enum class Fault : std::uint8_t {
  kMessageLost,   ///< and with it the link, as with TCP
  kLinkCut,       ///< at any byte
  kHalfOpenLink,  ///< one side does not learn that it is gone
  kTwinLinks,     ///< two links of one pair at once: everything comes twice
  kOvertaken,     ///< a message that an earlier one to the same device comes after
  kOneWayPartition,
  kFullPartition,
  kSlowLink,
  kCrash,         ///< power cut: what was not synced is gone
  kLostUnsynced,  ///< crashes that did lose merged changes
  kDiskFull,      ///< storage refuses what it is given
  kSlowDisk,
  kClockSkew,  ///< devices whose wall clock is months or years off
  kClockJump,
  kLateAdmission,  ///< a device that is admitted when there is history already
  kStaleClient,    ///< a write that is based on a read from before other edits
  kRoamingClient,  ///< a client that goes on at another device with what it read at the first
  kNewerDevice,    ///< changes with an op of a kind that nobody here knows
  kRestored,       ///< an older copy of a device's stores takes their place; its marks stay
  kLostOwn,        ///< and its own log had gone on since
  kTwin,           ///< a copy of a device's stores lives on beside them, with the same identity
};
inline constexpr std::size_t kFaults = 21;

[[nodiscard]] std::string name_of(Fault fault);

struct Report {
  std::uint64_t seeds = 0;
  std::uint64_t devices = 0;
  std::uint64_t spaces = 0;
  std::uint64_t changes = 0;
  std::uint64_t changes_fewest = UINT64_MAX;  ///< of any seed
  std::map<std::string, std::uint64_t> ops;
  std::map<Fault, std::uint64_t> faults;
  std::uint64_t conflicts = 0;  ///< fields with more than one choice that a device came to hold
  std::uint64_t void_deletes = 0;
  std::uint64_t refused = 0;  ///< writes that the client was told to do again
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::int64_t milliseconds = 0;
  std::int64_t heal_longest = 0;  ///< from the end of the faults to equal states
  Trace trace;
  std::vector<std::uint64_t> failed;

  void count(Fault fault) { ++faults[fault]; }
  /// Takes in what another seed came to.
  void add(const Report& seed);
};

/// Lines for people. `whole`: also what is wrong with the run as a whole, such as a fault that
/// never happened.
[[nodiscard]] std::string describe(const Report& report);
[[nodiscard]] std::vector<std::string> never_happened(const Report& report);

}  // namespace lanyard::sim
