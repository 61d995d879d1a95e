#pragma once

#include <map>

#include "agent/driver.hpp"

namespace lanyard::agent {

/// Tells each linked peer where those others are reached that it shares spaces with, and what they
/// call themselves, and tells it again when that changes. Lives on the network thread.
class AddressGossip {
 public:
  AddressGossip(asio::io_context& io, const DeviceId& self, LinkSet& links, Driver& driver)
      : io_(io), self_(self), links_(links), driver_(driver), timer_(io) {}

  /// Storage outlives this.
  void start(storage::StorageThread& storage) { storage_ = &storage; }
  /// A link came or went, or there are new members: peers are told a moment later.
  void links_changed();
  void stop() { timer_.cancel(); }

 private:
  void wait(std::chrono::milliseconds time);
  void ask_for_spaces();
  void tell(const std::vector<storage::SpaceEntry>& spaces,
            const std::map<DeviceId, std::string>& said_names);

  asio::io_context& io_;
  DeviceId self_;
  LinkSet& links_;
  Driver& driver_;
  asio::steady_timer timer_;
  storage::StorageThread* storage_ = nullptr;
  struct Told {
    wire::Addresses addresses;
    wire::Names names;
  };
  std::map<engine::LinkId, Told> told_;
};

}  // namespace lanyard::agent
