#include "replication/oplog/forgetting.hpp"

#include <algorithm>

namespace lanyard::oplog {
namespace {

Bytes signed_bytes(const Forgetting& word) {
  Bytes out = to_bytes(as_bytes("lanyard-forgotten-v1"));
  append(out, word.device.view());
  const auto at = static_cast<std::uint64_t>(word.at_ms);
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(at >> shift));
  out.push_back(word.is_forgotten ? 1 : 0);
  return out;
}

/// Whose words count. Found in rounds, from `self` on: a device is out as soon as one that is in
/// says so, and in as soon as all who say otherwise are out.
class Verdict {
 public:
  Verdict(std::span<const Forgetting> words, const DeviceId& self,
          const std::set<DeviceId>& trusted)
      : self_(self), in_{self} {
    for (const Forgetting& each : words) {
      const bool counts = each.author == self || trusted.contains(each.author);
      if (!counts || each.author == each.device || each.device == self) continue;
      words_.push_back(each);
      open_.insert(each.device);
      if (each.author != self) open_.insert(each.author);
    }
  }

  std::set<DeviceId> reach() {
    while (decide_some()) {
    }
    std::set<DeviceId> forgotten = out_;
    // Whoever is left stands or falls with others that nobody has decided on either.
    for (const DeviceId& device : open_)
      if (!is_free(device)) forgotten.insert(device);
    return forgotten;
  }

 private:
  bool decide_some() {
    std::set<DeviceId> decided;
    for (const DeviceId& device : open_) {
      if (is_free(device))
        in_.insert(device);
      else if (is_out(device))
        out_.insert(device);
      else
        continue;
      decided.insert(device);
    }
    for (const DeviceId& each : decided) open_.erase(each);
    return !decided.empty();
  }

  /// A later word by one of these says that it is known again.
  [[nodiscard]] bool is_taken_back(const Forgetting& word, bool even_by_open) const {
    return std::any_of(words_.begin(), words_.end(), [&](const Forgetting& each) {
      const bool counts =
          in_.contains(each.author) || (even_by_open && open_.contains(each.author));
      return counts && !each.is_forgotten && each.device == word.device && each.at_ms > word.at_ms;
    });
  }
  [[nodiscard]] bool is_free(const DeviceId& device) const {
    return std::none_of(words_.begin(), words_.end(), [&](const Forgetting& each) {
      return each.is_forgotten && each.device == device && !out_.contains(each.author) &&
             !is_taken_back(each, false);
    });
  }
  [[nodiscard]] bool is_out(const DeviceId& device) const {
    return std::any_of(words_.begin(), words_.end(), [&](const Forgetting& each) {
      return each.is_forgotten && each.device == device && in_.contains(each.author) &&
             !is_taken_back(each, each.author != self_);
    });
  }

  DeviceId self_;
  std::vector<Forgetting> words_;
  std::set<DeviceId> in_;
  std::set<DeviceId> out_;
  std::set<DeviceId> open_;
};

}  // namespace

Forgetting make_forgetting(const DeviceId& device, bool is_forgotten, std::int64_t at_ms,
                           const Signer& author) {
  Forgetting out{device, author.device(), at_ms, is_forgotten, {}};
  out.signature = author.sign(signed_bytes(out));
  return out;
}

bool is_signed(const Forgetting& word, const Verifier& verifier) {
  return verifier.verify(word.author, signed_bytes(word), word.signature);
}

std::set<DeviceId> forgotten_devices(std::span<const Forgetting> words, const DeviceId& self,
                                     const std::set<DeviceId>& trusted) {
  return Verdict(words, self, trusted).reach();
}

}  // namespace lanyard::oplog
