#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "discovery/responder.hpp"

namespace lanyard::discovery {

/// Which of the names that a browser has met are being resolved: bounded, each in its turn, and
/// again later what did not answer. Lives in the child process; a browser and resolvers feed it.
class Lookups {
 public:
  /// As many as the agent keeps.
  static constexpr std::size_t kActiveMax = 256;
  /// Names that wait their turn as well. What comes beyond is dropped: no name that nobody has
  /// resolved is worth more than another.
  static constexpr std::size_t kNamesMax = 1024;
  static constexpr int kStartsPerTick = 32;
  /// Ticks (seconds) until a name that did not resolve, or to nothing that we dial, is tried again.
  static constexpr int kRestTicks = 15;

  struct Name {
    int interface = 0;
    bool is_v6 = false;
    std::string instance;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  /// A resolver that ends when it goes.
  using Resolver = std::shared_ptr<void>;
  /// Starts one; null if that is impossible now.
  using Resolve = std::function<Resolver(const Name&)>;

  struct Answer {
    IpAddress address;
    std::uint16_t port = 0;
    ServiceText text;
  };

  Lookups(Resolve resolve, const Responder::Owner& owner)
      : resolve_(std::move(resolve)), owner_(owner) {}

  /// Interfaces that are not named are left alone, and so is our own instance.
  void follow(const Orders& orders);
  /// The browser: a name is there, or gone.
  void appeared(const Name& name);
  void disappeared(const Name& name);
  /// A resolver: nothing if there was no answer in time, or one of no use.
  void resolved(const Name& name, const std::optional<Answer>& answer);
  void tick();
  /// The browser begins anew.
  void clear();

 private:
  struct Entry {
    Resolver resolver;  ///< null: waits
    bool is_told = false;
    int rest = 0;
    std::uint64_t turn = 0;
  };
  using Entries = std::map<Name, Entry>;

  [[nodiscard]] const std::string* interface_name(int index) const;
  [[nodiscard]] bool may_start(const Name& name, const Entry& entry) const;
  [[nodiscard]] SightingKey key_of(const Name& name) const;
  void start_some();
  void rest(Entries::iterator entry);

  Resolve resolve_;
  const Responder::Owner& owner_;
  Entries entries_;
  std::map<int, std::string> interfaces_;
  std::string own_instance_;
  std::size_t active_ = 0;
  int starts_left_ = kStartsPerTick;
  std::uint64_t next_turn_ = 0;
};

}  // namespace lanyard::discovery
