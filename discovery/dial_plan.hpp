#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "discovery/backoff.hpp"
#include "discovery/sighting.hpp"

namespace lanyard::discovery {

/// Where an address comes from: the rungs of the ladder, in the order in which those of one device
/// are tried.
enum class Source : std::uint8_t {
  kKnown,    ///< where the device was reached before, or a person said that it is
  kSighted,  ///< seen on the network: who is there is not known before the handshake
  kStatic,   ///< a configured host:port, whoever answers there
  kTold,     ///< where a common peer says that it is
};

/// Decides whom to call, where and when. Of a device or an instance one address at a time, sooner
/// after a lost link, later after each failure, never one that is linked; what is only a hint no
/// faster than a bounded rate, however many there are, and not at all while every known device is
/// linked: nobody would be found. Of many that look for each other everybody begins with those
/// whose names on the network follow its own, so that each pair is called by one of the two. Pure;
/// chance comes from the Rng.
class DialPlan {
 public:
  static constexpr Tick kFirstRetry{1000};
  static constexpr Tick kLastRetry{60'000};
  /// Where a device answered that is not known here, and whom we look for may be elsewhere. Long
  /// before, it becomes known, another sighting of it comes, the network changes, or a person asks.
  /// A configured address, and the only one of a device, is called as if nobody had answered.
  static constexpr Tick kStrangerRetry{60 * 60'000};
  /// Hints that are dialled at once, and how often another one is: somebody floods us with names,
  /// or with addresses of people who did not ask to be called.
  static constexpr int kHintBurst = 8;
  static constexpr Tick kHintEvery{500};
  /// A sighting that is gone is remembered for so long: one that comes and goes does not start
  /// anew.
  static constexpr Tick kLinger{10 * 60'000};
  static constexpr std::size_t kLingeringMax = 256;
  /// How long we leave a call to the other of the two, whose turn it is.
  static constexpr Tick kTheirTurn{1000};
  /// The same where one of very many is missed.
  static constexpr Tick kLongestTurn{4000};
  /// Where a device seems to be that is linked already whoever is missed is looked for only after
  /// so long.
  static constexpr Tick kAlsoThere{10'000};
  /// Unknown devices of which it is known whence they called last.
  static constexpr std::size_t kCallersMax = 64;
  /// After a link that was up the pause before the next call; twice as long after each link that
  /// did not last, so that two machines with one identity do not put each other out of a third
  /// one's links without end: each has time to say and hear all.
  static constexpr Tick kFirstPause = kFirstRetry / 4;
  static constexpr Tick kLastPause{8000};
  static constexpr Tick kLasting{30'000};

  /// A device that does not know us any more is called less and less often, down to this: it may
  /// know us again, and then it calls too.
  static constexpr Tick kLastRefused{10 * 60'000};

  explicit DialPlan(Rng& rng) : rng_(rng) {}

  /// Calls this address. `device`: who is expected there; nothing where nobody knows. What is known
  /// of the address already is kept.
  void add(const std::string& address, Source source, std::optional<DeviceId> device, Tick now);
  /// Others see us as this instance. Empty, the state at first: they do not.
  void named(const std::string& instance) { own_instance_ = instance; }
  /// Calls the address of an instance; another instance at the same address is a new beginning.
  void sighted(const std::string& address, const std::string& instance, Tick now,
               Newcomer newcomer = Newcomer::kThey);
  /// The source does not say so any more.
  void withdraw(const std::string& address, Source source, Tick now);
  /// The device is forgotten: nobody calls it any more.
  void remove(const DeviceId& device, Tick now);
  /// The device has become known: where it has answered before, or called from, it is called, and
  /// else wherever it may be.
  void welcome(const DeviceId& device, Tick now);
  /// A device has called from this host that is not known here.
  void turned_away(const DeviceId& device, const std::string& host);

  /// Addresses to dial now; each is being dialled until failed() or linked() says more.
  [[nodiscard]] std::vector<std::string> due(Tick now);
  [[nodiscard]] std::optional<Tick> next() const;

  /// The handshake at this address has shown who is there. `is_stranger`: a device that is not
  /// known here.
  void answered(const std::string& address, const DeviceId& device, bool is_stranger);
  /// The device is linked, through any address. `address`: the one that was dialled, empty if it
  /// called us.
  void linked(const DeviceId& device, const std::string& address, Tick now);
  /// The other end of its link is this host: an address without port.
  void linked_from(const DeviceId& device, const std::string& host) { hosts_[device] = host; }
  /// The link is gone: call again soon, or a little later if it goes again and again.
  void unlinked(const DeviceId& device, Tick now);
  /// The device has said that it does not know us: as unlinked(), and later each time, until it is
  /// welcome() or a link with it ends in another way.
  void refused(const DeviceId& device, Tick now);
  /// An attempt came to nothing.
  void failed(const std::string& address, Tick now);

  /// Where a person who asks for the device could find it, whatever was met there before: the
  /// addresses that are its own, and those that are configured. The best source first.
  [[nodiscard]] std::vector<std::string> everywhere(const DeviceId& device) const;
  /// Somebody calls this address, whatever the plan says; until failed() or linked() says more.
  void calling(const std::string& address);
  /// Calls the device now, wherever it may be, unless it is linked.
  void hurry(const DeviceId& device, Tick now);
  /// The network has changed or the machine has slept: old failures say nothing any more, nor who
  /// answered in place of whom we look for.
  void again_soon(Tick now);

  [[nodiscard]] std::size_t size() const { return targets_.size(); }

 private:
  struct Target {
    std::set<Source> sources;
    std::set<DeviceId> expected;  ///< those of whom somebody says that they are there
    std::optional<DeviceId> met;  ///< the one that answered last
    std::string instance;         ///< of its sighting
    Tick at{0};
    Tick wait = kFirstRetry;
    bool is_dialled = false;
    bool is_stranger = false;
    bool is_proven = false;  ///< the device has answered there, as long as it is the same instance
    Tick forget_at{0};       ///< where no source is left
  };
  using Targets = std::map<std::string, Target>;
  /// Whose addresses are being dialled at the moment.
  struct Busy {
    std::set<DeviceId> devices;
    std::set<std::string> instances;
    [[nodiscard]] bool has(const Target& target) const;
    void add(const Target& target);
  };

  /// Whom a call is for: who answered there, or else all that are expected.
  [[nodiscard]] static std::set<DeviceId> devices_of(const Target& target);
  [[nodiscard]] static bool is_for(const Target& target, const DeviceId& device) {
    return target.met == device || target.expected.contains(device);
  }
  [[nodiscard]] bool is_linked(const Target& target) const;
  /// Somebody else was met at every address of a device that we look for: this one is as good as
  /// any.
  [[nodiscard]] bool is_last_resort(const Target& target) const;
  /// Whoever answered, somebody else may do so now.
  static void forget_stranger(Target& target);
  /// Hosts and instances of the devices that are linked, as far as mDNS can be believed.
  struct Taken {
    std::set<std::string> hosts;
    std::set<std::string> instances;
    [[nodiscard]] bool has(const Targets::value_type& target) const;
  };
  [[nodiscard]] Taken taken() const;
  [[nodiscard]] std::size_t count_missed() const;
  /// Who looks for whom among whom.
  struct Search {
    std::size_t missed = 0;
    std::size_t unknown = 0;             ///< seen instances of which nobody knows whose they are
    std::vector<std::string> instances;  ///< all that are seen, sorted
  };
  [[nodiscard]] Search search() const;
  /// How long a call waits after somebody has become known: it may be the other one's turn.
  [[nodiscard]] Tick turn_of(const Target& target, const Search& search) const;
  [[nodiscard]] Tick ready_at(const Targets::value_type& target, const Taken& taken) const;
  [[nodiscard]] bool is_waiting(const Target& target) const;
  [[nodiscard]] static bool is_hint(const Target& target);
  [[nodiscard]] Tick hint_at() const { return hint_full_at_ - (kHintBurst - 1) * kHintEvery; }
  [[nodiscard]] Busy busy() const;
  void begin_again(Target& target, Tick at);
  void forget_old(Tick now);

  Rng& rng_;
  Targets targets_;
  std::string own_instance_;
  std::set<DeviceId> known_;
  std::map<DeviceId, std::string> hosts_;    ///< the other ends of links
  std::map<DeviceId, std::string> callers_;  ///< hosts of devices that were turned away
  Tick missed_since_{0};                     ///< when somebody was missed last who was not before
  std::map<DeviceId, Tick> linked_;          ///< since when
  std::map<DeviceId, Tick> pauses_;          ///< after the end of the link that comes next
  std::map<DeviceId, Tick> refusals_;        ///< the pause after the next one
  Tick hint_full_at_{0};                     ///< when a whole burst may be dialled again
};

}  // namespace lanyard::discovery
