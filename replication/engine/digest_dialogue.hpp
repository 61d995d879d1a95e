#pragma once

#include <map>
#include <optional>
#include <vector>

#include "replication/ports.hpp"
#include "replication/wire/message.hpp"

namespace lanyard::engine {

/// BLAKE2b-256 over an applied clock: log id, seq (8 bytes, big-endian) and head hash of each log,
/// in log id order.
[[nodiscard]] Hash digest_of(const VectorClock& clock, const Hasher& hasher);

/// Finds out with one peer which common spaces differ: one hash when nothing does, then 256
/// buckets, then the spaces of the buckets that differ. Both sides run the same machine; either may
/// begin again at any time with a new root. Pure.
class DigestDialogue {
 public:
  /// Where two lists differ. Nothing: that side does not list the space.
  struct Difference {
    SpaceId space;
    std::optional<Hash> ours;
    std::optional<Hash> theirs;
    friend bool operator==(const Difference&, const Difference&) = default;
  };
  struct Outcome {
    std::vector<wire::Message> send;
    /// Set once both sides have said all: empty differences mean that every common space is in
    /// step.
    std::optional<std::vector<Difference>> differences;
    /// The peer has begun a comparison: find out what is shared now, and begin() too.
    bool begin = false;
  };

  explicit DigestDialogue(const Hasher& hasher) : hasher_(hasher) {}

  /// Whether no comparison is under way. Each has one root from either side: as messages of a link
  /// keep their order, both sides then speak of the same one, whoever began.
  [[nodiscard]] bool may_begin() const {
    return stage_ == Stage::kIdle || stage_ == Stage::kSettled;
  }
  /// Begins (again) with what we share now, sorted by id. Only if may_begin().
  [[nodiscard]] Outcome begin(std::vector<wire::SpaceDigest> shared);
  [[nodiscard]] Result<Outcome> on(const wire::DigestRoot& root);
  [[nodiscard]] Result<Outcome> on(const wire::DigestBuckets& buckets);
  [[nodiscard]] Result<Outcome> on(const wire::DigestSpaces& page);

  /// What was told in the last comparison; nothing for a space that was not listed.
  [[nodiscard]] std::optional<Hash> told_of(const SpaceId& space) const;

 private:
  enum class Stage { kIdle, kRoot, kBuckets, kSpaces, kSettled };

  [[nodiscard]] Hash root() const;
  [[nodiscard]] std::vector<Hash> buckets() const;
  [[nodiscard]] Outcome compare_roots();
  void send_pages(Outcome& outcome) const;
  [[nodiscard]] std::vector<Difference> differences() const;

  const Hasher& hasher_;
  Stage stage_ = Stage::kIdle;
  std::vector<wire::SpaceDigest> ours_;
  std::optional<Hash> their_root_;
  std::vector<bool> differing_ = std::vector<bool>(256);
  std::map<SpaceId, Hash> theirs_;
};

}  // namespace lanyard::engine
