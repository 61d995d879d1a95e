#pragma once

#include <map>
#include <optional>
#include <string>

#include "discovery/backoff.hpp"
#include "replication/engine/input.hpp"

namespace lanyard::agent {

/// The links on which somebody called us and has not proven who it is: how many there may be, in
/// all and from one source, and how often a source may call. When all places are taken the oldest
/// one of the source that holds most of them makes room: strangers who say nothing do not keep a
/// device out that needs a few milliseconds. Pure.
class HalfOpen {
 public:
  using Tick = discovery::Tick;
  /// Of one source, and as many at once; the next when their time has passed.
  static constexpr int kCallsPerSecond = 20;
  /// Of sources beyond that only the links are counted.
  static constexpr std::size_t kSourcesMax = 1024;

  struct Caller {
    std::string source;     ///< its address without port
    bool is_local = false;  ///< on this machine: it has other ways to spend its time
  };
  struct Answer {
    bool comes_in = false;
    std::optional<engine::LinkId> makes_room;  ///< counted no more; to be closed
  };
  [[nodiscard]] Answer call(engine::LinkId link, const Caller& caller, Tick now);
  /// It is proven, or gone.
  void settle(engine::LinkId link);

  [[nodiscard]] std::size_t size() const { return links_.size(); }

 private:
  [[nodiscard]] bool calls_too_often(const std::string& source, Tick now);
  [[nodiscard]] engine::LinkId who_makes_room() const;

  std::map<engine::LinkId, std::string> links_;  ///< the oldest first; their sources
  std::map<std::string, std::size_t> held_;      ///< how many of them, by source
  std::map<std::string, Tick> rested_at_;        ///< when a source may call as often as ever
};

}  // namespace lanyard::agent
