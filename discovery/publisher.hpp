#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "discovery/responder.hpp"

namespace lanyard::discovery {

/// A group of records that Avahi publishes together; one for the daemon, one for the core. Its
/// functions return Avahi's codes: 0, or a negative one.
class EntryGroup {
 public:
  virtual ~EntryGroup() = default;
  virtual int add_address(int interface, const std::string& host, const IpAddress& address) = 0;
  virtual int add_service(int interface, const Orders& orders, const std::string& host) = 0;
  virtual int update_text(int interface, const Orders& orders) = 0;
  virtual int commit() = 0;
  /// Nothing is published. Now and then in a new group of Avahi's: one that is used again it holds
  /// back, by a second at first, which spares us from meeting our own last words, and from the
  /// fifteenth commit on by up to a minute each.
  int begin_anew() { return ++uses_ % kUsesMax == 0 ? renew() : reset(); }

 protected:
  /// Takes back what is published: in the same group, or in a new one.
  virtual int reset() = 0;
  virtual int renew() = 0;

 private:
  static constexpr int kUsesMax = 10;
  int uses_ = 0;
};

/// Keeps what is published in step with the orders: our own host record with the addresses of the
/// interfaces in use, and the service on each of them. Two groups, so that a change of addresses
/// does not take the service away for a moment. Lives in the child process.
class Publisher {
 public:
  enum class GroupState { kRegistering, kEstablished, kCollision, kFailure };

  Publisher(std::unique_ptr<EntryGroup> hosts, std::unique_ptr<EntryGroup> service,
            const Responder::Owner& owner)
      : hosts_(std::move(hosts)), service_(std::move(service)), owner_(owner) {}

  /// Avahi asks for a second whether a name is free. A group whose interface lost its addresses
  /// meanwhile it never gets done with: it is published again after so many ticks.
  static constexpr int kRegisteringTicksMax = 8;

  void follow(const Orders& orders);
  /// Once a second.
  void tick();
  void on_hosts(GroupState state) { on_state(state, hosts_state_); }
  void on_service(GroupState state) { on_state(state, service_state_); }

  [[nodiscard]] bool is_announced() const {
    return hosts_state_ == GroupState::kEstablished && service_state_ == GroupState::kEstablished;
  }
  /// For people; empty: all is well.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  /// What the groups hold. An address comes with its interface.
  struct Hosts {
    std::string name;
    std::vector<std::pair<int, IpAddress>> addresses;
    friend bool operator==(const Hosts&, const Hosts&) = default;
  };
  struct Service {
    std::string instance;
    std::string host;
    std::uint16_t port = 0;
    std::vector<int> interfaces;
    friend bool operator==(const Service&, const Service&) = default;
  };

  void on_state(GroupState state, GroupState& of);
  int publish_hosts(const Hosts& hosts);
  int publish_service(const Service& service);
  [[nodiscard]] static bool is_stuck(GroupState state, int& ticks);
  /// Takes note of one of Avahi's codes.
  void check(int code);

  std::unique_ptr<EntryGroup> hosts_;
  std::unique_ptr<EntryGroup> service_;
  const Responder::Owner& owner_;
  Hosts published_hosts_;
  Service published_service_;
  Orders orders_;  ///< the last ones
  ServiceText published_text_;
  int hosts_ticks_ = 0;  ///< since it is being registered
  int service_ticks_ = 0;
  GroupState hosts_state_ = GroupState::kRegistering;
  GroupState service_state_ = GroupState::kRegistering;
  std::string trouble_;
};

}  // namespace lanyard::discovery
