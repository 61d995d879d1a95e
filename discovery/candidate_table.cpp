#include "discovery/candidate_table.hpp"

namespace lanyard::discovery {

std::vector<Sighting> CandidateTable::own(std::string instance, std::set<IpAddress> addresses) {
  own_instance_ = std::move(instance);
  own_addresses_ = std::move(addresses);
  return take_out_if([&](const Candidate& each) { return !is_dialable(each.sighting); });
}

std::vector<Sighting> CandidateTable::take_out_if(
    const std::function<bool(const Candidate&)>& condition) {
  std::vector<Sighting> out;
  std::erase_if(candidates_, [&](const auto& each) {
    if (!condition(each.second)) return false;
    out.push_back(each.second.sighting);
    return true;
  });
  return out;
}

bool CandidateTable::is_dialable(const Sighting& sighting) const {
  const std::string& name = sighting.key.instance;
  return sighting.port != 0 && !name.empty() && name.size() <= kInstanceBytesMax &&
         name != own_instance_ && sighting.address.is_near() &&
         sighting.address.is_v6() == sighting.key.is_v6 &&
         !own_addresses_.contains(sighting.address);
}

std::size_t CandidateTable::count_of(const std::string& instance) const {
  std::size_t count = 0;
  for (auto each = candidates_.lower_bound({instance, "", false});
       each != candidates_.end() && each->first.instance == instance; ++each)
    ++count;
  return count;
}

CandidateTable::Seen CandidateTable::saw(const Sighting& sighting) {
  if (!is_dialable(sighting)) {
    candidates_.erase(sighting.key);  // it has become something that we do not dial
    return Seen::kRefused;
  }
  const auto found = candidates_.find(sighting.key);
  if (found != candidates_.end()) {
    const bool is_same = found->second.sighting == sighting;
    found->second = {sighting, true};
    return is_same ? Seen::kSame : Seen::kChanged;
  }
  if (candidates_.size() >= kCandidatesMax || count_of(sighting.key.instance) >= kPerInstanceMax)
    return Seen::kRefused;
  candidates_[sighting.key] = {sighting, true};
  return Seen::kFresh;
}

bool CandidateTable::lost(const SightingKey& key) { return candidates_.erase(key) > 0; }

const Sighting* CandidateTable::find(const SightingKey& key) const {
  const auto found = candidates_.find(key);
  return found == candidates_.end() ? nullptr : &found->second.sighting;
}

void CandidateTable::begin_again() {
  for (auto& [key, candidate] : candidates_) candidate.is_seen = false;
}

std::vector<Sighting> CandidateTable::drop_unseen() {
  return take_out_if([](const Candidate& each) { return !each.is_seen; });
}

std::vector<Sighting> CandidateTable::all() const {
  std::vector<Sighting> out;
  for (const auto& [key, candidate] : candidates_) out.push_back(candidate.sighting);
  return out;
}

}  // namespace lanyard::discovery
