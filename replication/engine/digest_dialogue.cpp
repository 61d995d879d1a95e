#include "replication/engine/digest_dialogue.hpp"

#include <algorithm>

#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::engine {
namespace {

constexpr std::size_t kBuckets = 256;

void append_number(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes listed(std::span<const wire::SpaceDigest> spaces) {
  Bytes out;
  for (const wire::SpaceDigest& each : spaces) {
    append(out, each.space.view());
    append(out, each.digest.view());
  }
  return out;
}

}  // namespace

Hash digest_of(const VectorClock& clock, const Hasher& hasher) {
  Bytes bytes;
  for (const auto& [log, head] : clock) {
    append(bytes, log.view());
    append_number(bytes, head.seq.value);
    append(bytes, head.hash.view());
  }
  return hasher.hash({bytes});
}

Hash DigestDialogue::root() const { return hasher_.hash({listed(ours_)}); }

std::vector<Hash> DigestDialogue::buckets() const {
  std::vector<Hash> out(kBuckets);
  for (std::size_t from = 0; from < ours_.size();) {
    std::size_t end = from;
    const std::uint8_t bucket = ours_[from].space.bytes[0];
    while (end < ours_.size() && ours_[end].space.bytes[0] == bucket) ++end;
    out[bucket] = hasher_.hash({listed(std::span(ours_).subspan(from, end - from))});
    from = end;
  }
  return out;
}

std::optional<Hash> DigestDialogue::told_of(const SpaceId& space) const {
  const auto before = [](const wire::SpaceDigest& each, const SpaceId& id) {
    return each.space < id;
  };
  const auto found = std::lower_bound(ours_.begin(), ours_.end(), space, before);
  if (found == ours_.end() || found->space != space) return std::nullopt;
  return found->digest;
}

DigestDialogue::Outcome DigestDialogue::begin(std::vector<wire::SpaceDigest> shared) {
  LANYARD_CHECK(may_begin(), "one comparison at a time");
  ours_ = std::move(shared);
  theirs_.clear();
  stage_ = Stage::kRoot;
  Outcome outcome{{wire::DigestRoot{root()}}, std::nullopt};
  if (their_root_) {
    Outcome compared = compare_roots();
    for (wire::Message& message : compared.send) outcome.send.push_back(std::move(message));
    outcome.differences = std::move(compared.differences);
  }
  return outcome;
}

Result<DigestDialogue::Outcome> DigestDialogue::on(const wire::DigestRoot& message) {
  if (their_root_ || stage_ == Stage::kBuckets || stage_ == Stage::kSpaces)
    return fail(Code::kProtocol, "a comparison that begins inside another");
  their_root_ = message.root;
  if (stage_ == Stage::kRoot) return compare_roots();
  Outcome outcome;
  outcome.begin = true;
  return outcome;
}

DigestDialogue::Outcome DigestDialogue::compare_roots() {
  const Hash theirs = *std::exchange(their_root_, std::nullopt);
  if (theirs == root()) {
    stage_ = Stage::kSettled;
    return {{}, std::vector<Difference>{}};
  }
  stage_ = Stage::kBuckets;
  return {{wire::DigestBuckets{buckets()}}, std::nullopt};
}

Result<DigestDialogue::Outcome> DigestDialogue::on(const wire::DigestBuckets& message) {
  if (message.buckets.size() != kBuckets) return fail(Code::kMalformed, "digest buckets");
  if (stage_ != Stage::kBuckets) return fail(Code::kProtocol, "buckets that nobody asked for");
  const std::vector<Hash> mine = buckets();
  for (std::size_t i = 0; i < kBuckets; ++i) differing_[i] = mine[i] != message.buckets[i];
  stage_ = Stage::kSpaces;
  Outcome outcome;
  send_pages(outcome);
  return outcome;
}

void DigestDialogue::send_pages(Outcome& outcome) const {
  wire::DigestSpaces page;
  for (const wire::SpaceDigest& each : ours_) {
    if (!differing_[each.space.bytes[0]]) continue;
    page.spaces.push_back(each);
    if (page.spaces.size() < limits::kDigestPageSpacesMax) continue;
    page.last = false;
    outcome.send.emplace_back(std::move(page));
    page = {};
  }
  page.last = true;
  outcome.send.emplace_back(std::move(page));
}

Result<DigestDialogue::Outcome> DigestDialogue::on(const wire::DigestSpaces& page) {
  if (stage_ != Stage::kSpaces) return fail(Code::kProtocol, "digests that nobody asked for");
  for (const wire::SpaceDigest& each : page.spaces) {
    if (!differing_[each.space.bytes[0]])
      return fail(Code::kProtocol, "a digest of a bucket that does not differ");
    theirs_.insert_or_assign(each.space, each.digest);
  }
  if (theirs_.size() > limits::kSpacesPerPeerMax) return fail(Code::kTooLarge, "too many spaces");
  if (!page.last) return Outcome{};
  stage_ = Stage::kSettled;
  return Outcome{{}, differences()};
}

std::vector<DigestDialogue::Difference> DigestDialogue::differences() const {
  std::map<SpaceId, Difference> all;
  for (const wire::SpaceDigest& each : ours_) {
    if (differing_[each.space.bytes[0]]) all[each.space] = {each.space, each.digest, std::nullopt};
  }
  for (const auto& [space, digest] : theirs_) {
    Difference& difference = all[space];
    difference.space = space;
    difference.theirs = digest;
  }
  std::vector<Difference> out;
  for (auto& [space, difference] : all) {
    if (difference.ours != difference.theirs) out.push_back(difference);
  }
  return out;
}

}  // namespace lanyard::engine
