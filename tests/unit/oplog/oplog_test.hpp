#pragma once

#include <deque>
#include <functional>

#include "crypto/identity.hpp"
#include "crypto/sodium.hpp"
#include "crypto/space_keys.hpp"
#include "replication/oplog/intake.hpp"
#include "replication/oplog/pack.hpp"
#include "tests/support/chance.hpp"

/// What the tests of oplog/ share: devices with real keys that are the same in every run, logs
/// written change by change as honest and dishonest authors would, and histories by chance.
namespace lanyard::oplog {

[[nodiscard]] const Hasher& hasher();
[[nodiscard]] const Verifier& verifier();

struct Device {
  explicit Device(std::uint64_t seed);
  [[nodiscard]] DeviceId id() const { return identity.device(); }

  support::Chance chance;
  crypto::Identity identity;
  crypto::SpaceKeys keys;
};

/// A space as its founder made it: the same id for the same device.
struct Space {
  explicit Space(Device& founder_device);

  Device& founder;
  Founding founding;
  SpaceId id;
  EpochId epoch;
};

/// Gives `to` the key of the space's epoch, as its admission would.
void share_key(const Space& space, Device& to);

/// The payload of a change with one put.
[[nodiscard]] Bytes put_plain(std::string_view key, std::int64_t value);

/// Writes one device's log of a space, change by change.
class LogWriter {
 public:
  using Spoil = std::function<void(Header&)>;

  LogWriter(Device& device, const Space& space, std::uint8_t incarnation = 1);
  LogWriter(Device& device, const Space& space, const Incarnation& incarnation);

  Change open(std::vector<ContextEntry> context = {}, bool is_founder = false);
  Change admit(const Device& whom, std::vector<ContextEntry> context = {});
  Change put(std::string_view key, std::vector<ContextEntry> context = {});
  /// A change with this payload. `spoil` may change its header before it is hashed and signed.
  Change add(ChangeKind kind, Bytes plain, std::vector<ContextEntry> context = {},
             const Spoil& spoil = {});

  [[nodiscard]] Signature sign(const Change& change) const;
  /// How others name our newest change.
  [[nodiscard]] ContextEntry entry() const { return {log_, head_}; }
  [[nodiscard]] const LogId& log() const { return log_; }
  [[nodiscard]] const Device& device() const { return device_; }
  /// The next change goes on from here again: a fork.
  void step_back(const Head& head) { head_ = head; }
  [[nodiscard]] const Incarnation& incarnation() const { return incarnation_; }
  /// No change that was made so far is looked at any more.
  void forget_payloads() { payloads_.clear(); }

 private:
  Device& device_;
  const Space& space_;
  Incarnation incarnation_;
  LogId log_;
  Head head_;
  Hlc last_{std::uint64_t{1'800'000'000'000} << 16};
  std::deque<Bytes> payloads_;
};

/// A raw pack in which the last change of each log is signed by its device.
[[nodiscard]] Bytes packed(const std::vector<Change>& changes,
                           const std::vector<const LogWriter*>& writers, bool compress = false);

/// A space with several logs in an order of application: changes of every form and kind, contexts
/// as honest authors have them.
struct History {
  History(std::uint64_t seed, std::size_t size);

  [[nodiscard]] RunSignatures signatures_of(std::span<const Change> changes) const;

  support::Chance chance;
  std::vector<std::unique_ptr<Device>> devices;
  Space space;
  std::deque<LogWriter> logs;
  std::vector<Change> changes;
  std::map<Dot, Signature> signatures;

 private:
  void begin();
  void step();
  void take(std::size_t author, Change change);
  void change_form(Change& change);
  std::vector<ContextEntry> news_for(std::size_t author);

  std::vector<VectorClock> cited_;
  std::deque<Bytes> sealed_;
};

/// Everything of a change, to compare by.
struct WholeChange {
  Bytes header;
  Hash hash;
  PayloadForm form;
  Bytes payload;
  Signature signature;
  friend bool operator==(const WholeChange&, const WholeChange&) = default;
};
[[nodiscard]] std::vector<WholeChange> whole(std::span<const Change> changes);

/// The log of a space of which nothing is held yet.
[[nodiscard]] inline SpaceLog nothing_of(const SpaceId& space) {
  return {space, {}, {}, {}, {}, {}};
}

/// Everything of a space's log, to compare by.
[[nodiscard]] bool same(const SpaceLog& left, const SpaceLog& right);

/// "accepted", or the words of the code.
template <class T>
[[nodiscard]] std::string outcome(const Result<T>& result) {
  return result ? "accepted" : result.error().code.message();
}

}  // namespace lanyard::oplog
