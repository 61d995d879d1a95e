#include "tests/sim/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace lanyard::sim {
namespace {

const std::array<const char*, kFaults> kNames{"message lost",
                                              "link cut",
                                              "half-open link",
                                              "twin links",
                                              "message overtaken",
                                              "one-way partition",
                                              "full partition",
                                              "slow link",
                                              "crash",
                                              "crash that lost merges",
                                              "disk full",
                                              "slow disk",
                                              "clock skew",
                                              "clock jump",
                                              "late admission",
                                              "stale client",
                                              "roaming client",
                                              "newer device",
                                              "restored",
                                              "restored, own log lost",
                                              "twin"};

std::string line(const std::string& name, std::uint64_t value) {
  std::string out = "  " + name;
  out.resize(std::max<std::size_t>(out.size(), 28), ' ');
  return out + std::to_string(value) + "\n";
}

}  // namespace

std::string name_of(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

void Report::add(const Report& seed) {
  seeds += seed.seeds;
  devices += seed.devices;
  spaces += seed.spaces;
  changes += seed.changes;
  changes_fewest = std::min(changes_fewest, seed.changes);
  for (const auto& [name, number] : seed.ops) ops[name] += number;
  for (const auto& [fault, number] : seed.faults) faults[fault] += number;
  conflicts += seed.conflicts;
  void_deletes += seed.void_deletes;
  refused += seed.refused;
  messages += seed.messages;
  bytes += seed.bytes;
  milliseconds += seed.milliseconds;
  heal_longest = std::max(heal_longest, seed.heal_longest);
  trace.add(seed.trace.value());
  failed.insert(failed.end(), seed.failed.begin(), seed.failed.end());
}

std::vector<std::string> never_happened(const Report& report) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (!report.faults.contains(static_cast<Fault>(i))) out.emplace_back(kNames[i]);
  }
  return out;
}

std::string describe(const Report& report) {
  std::string out = "seeds " + std::to_string(report.seeds) + ", devices " +
                    std::to_string(report.devices) + ", spaces " + std::to_string(report.spaces) +
                    "\nchanges made " + std::to_string(report.changes) + ", at least " +
                    std::to_string(report.changes_fewest) + " a seed; writes refused " +
                    std::to_string(report.refused) + "\nops by kind\n";
  for (const auto& [name, number] : report.ops) out += line(name, number);
  out += "faults\n";
  for (const auto& [fault, number] : report.faults) out += line(name_of(fault), number);
  out += "conflicts made " + std::to_string(report.conflicts) + ", void deletes " +
         std::to_string(report.void_deletes) + "\n";
  out += "messages " + std::to_string(report.messages) + ", bytes " + std::to_string(report.bytes) +
         ", simulated hours " + std::to_string(report.milliseconds / 3'600'000) + "." +
         std::to_string(report.milliseconds / 360'000 % 10) + ", longest heal " +
         std::to_string(report.heal_longest) + " ms\n";
  std::array<char, 32> hash{};
  std::snprintf(hash.data(), hash.size(), "%016llx",
                static_cast<unsigned long long>(report.trace.value()));
  return out + "trace hash " + hash.data() + "\n";
}

}  // namespace lanyard::sim
