#include "agent/address_gossip.hpp"

#include "agent/links/told_addresses.hpp"

namespace lanyard::agent {
namespace {

/// Links come together after a start or a change of network: they are told of each other once.
constexpr std::chrono::seconds kSoon{1};
/// Who shares what may change without a link that comes or goes.
constexpr std::chrono::seconds kAgain{30};

}  // namespace

void AddressGossip::links_changed() { wait(kSoon); }

void AddressGossip::wait(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) ask_for_spaces();
  });
}

void AddressGossip::ask_for_spaces() {
  // Without a peer there is nobody to tell; its link asks again.
  if (storage_ == nullptr || links_.up().empty()) return;
  storage_->run([this](storage::Vault& vault) {
    auto spaces = vault.spaces();
    auto names = vault.said_names();
    if (!spaces || !names) return;
    asio::post(io_,
               [this, list = std::move(*spaces), said = std::move(*names)] { tell(list, said); });
  });
  wait(kAgain);
}

void AddressGossip::tell(const std::vector<storage::SpaceEntry>& spaces,
                         const std::map<DeviceId, std::string>& said_names) {
  const auto reached = links_.reached();
  std::map<engine::LinkId, Told> told;
  for (const engine::LinkId link : links_.up()) {
    const auto peer = links_.peer_of(link);
    if (!peer) continue;
    const Told& now = told.emplace(link, Told{addresses_for(self_, *peer, spaces, reached),
                                              names_for(self_, *peer, spaces, said_names)})
                          .first->second;
    // A new link has been told nothing.
    const Told& before = told_[link];
    if (now.addresses != before.addresses) driver_.feed(engine::TellAddresses{link, now.addresses});
    if (now.names != before.names) driver_.feed(engine::TellNames{link, now.names});
  }
  told_ = std::move(told);
}

}  // namespace lanyard::agent
