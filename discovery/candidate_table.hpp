#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "discovery/sighting.hpp"

namespace lanyard::discovery {

/// The services that are near, as the child process tells of them: bounded, and without what must
/// not be dialled. Pure.
class CandidateTable {
 public:
  /// A home has tens of devices. At the bound what comes later is dropped, so that a flood cannot
  /// push out who was here before it.
  static constexpr std::size_t kCandidatesMax = 256;
  /// Two families on four interfaces.
  static constexpr std::size_t kPerInstanceMax = 8;
  static constexpr std::size_t kInstanceBytesMax = 63;

  enum class Seen { kRefused, kSame, kFresh, kChanged };

  /// What is ours is never a candidate, whoever tells of it. What has become ours is taken out, and
  /// returned.
  std::vector<Sighting> own(std::string instance, std::set<IpAddress> addresses);

  /// Refused, and taken out if it was there: at a bound, a bad name, port 0, our own, or an address
  /// that is not near.
  Seen saw(const Sighting& sighting);
  /// A goodbye. False if it was not there.
  bool lost(const SightingKey& key);
  [[nodiscard]] const Sighting* find(const SightingKey& key) const;

  /// From now on everything has to be seen again, by a child that begins anew; until then it stays.
  void begin_again();
  /// Takes out what was not seen since begin_again().
  std::vector<Sighting> drop_unseen();

  [[nodiscard]] std::vector<Sighting> all() const;
  [[nodiscard]] std::size_t size() const { return candidates_.size(); }

 private:
  struct Candidate {
    Sighting sighting;
    bool is_seen = true;
  };
  std::vector<Sighting> take_out_if(const std::function<bool(const Candidate&)>& condition);
  [[nodiscard]] bool is_dialable(const Sighting& sighting) const;
  [[nodiscard]] std::size_t count_of(const std::string& instance) const;

  std::map<SightingKey, Candidate> candidates_;  // by instance first
  std::string own_instance_;
  std::set<IpAddress> own_addresses_;
};

}  // namespace lanyard::discovery
