#pragma once

#include <catch2/catch.hpp>

#include "replication/types/limits.hpp"
#include "tests/support/engine_bench.hpp"

namespace Catch {
template <>
struct StringMaker<lanyard::wire::Message> {
  static std::string convert(const lanyard::wire::Message& message) {
    return lanyard::support::word_for(message);
  }
};
}  // namespace Catch

/// What the sentences of these tests are made of.
namespace lanyard::support {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// What one device has durably, as the other was told: the seqs of one log.
inline std::uint64_t acknowledged_of(const std::vector<engine::Notice>& notices, const LogId& log) {
  std::uint64_t seq = 0;
  for (const engine::Notice& notice : notices) {
    if (const auto* told = std::get_if<engine::PeerAcknowledged>(&notice))
      seq = std::max(seq, seq_in(told->durable, log).value);
  }
  return seq;
}

inline LogId log_of(MemoryStore& store, const DeviceId& device) {
  for (const auto& [id, log] : store.log().logs) {
    if (log.device == device) return id;
  }
  return {};
}

template <class Effect>
std::size_t count_waiting(const BenchDevice& device) {
  std::size_t count = 0;
  for (const engine::Effect& effect : device.waiting())
    count += std::holds_alternative<Effect>(effect);
  return count;
}

inline std::size_t count_of(const Words& words, const std::string& word) {
  return static_cast<std::size_t>(std::count(words.begin(), words.end(), word));
}

/// The first founds a space and admits the others; all are linked with it and hold the same.
struct Shared {
  explicit Shared(const std::vector<std::string>& names) : bench(names), names_(names) {
    space = bench[names.front()].found();
    for (std::size_t i = 1; i < names.size(); ++i) {
      bench[names.front()].admit(space, bench[names[i]].id);
      bench.connect(names.front(), names[i]);
    }
    bench.pass(2s);
    for (const std::string& name : names) bench[name].take_notices();
    forget();
  }
  void forget() {
    for (std::size_t i = 1; i < names_.size(); ++i) {
      bench.take_said(names_.front(), names_[i]);
      bench.take_said(names_[i], names_.front());
    }
  }
  [[nodiscard]] VectorClock clock(const std::string& name) {
    return bench[name].store(space).log().clock();
  }

  EngineBench bench;
  SpaceId space;

 private:
  std::vector<std::string> names_;
};

}  // namespace lanyard::support
