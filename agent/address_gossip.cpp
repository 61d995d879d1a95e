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
  // With one peer there is nobody to tell of; its next link asks again.
  if (storage_ == nullptr || links_.up().size() < 2) return;
  storage_->run([this](storage::Vault& vault) {
    auto spaces = vault.spaces();
    if (spaces) asio::post(io_, [this, list = std::move(*spaces)] { tell(list); });
  });
  wait(kAgain);
}

void AddressGossip::tell(const std::vector<storage::SpaceEntry>& spaces) {
  const auto reached = links_.reached();
  std::map<engine::LinkId, wire::Addresses> told;
  for (const engine::LinkId link : links_.up()) {
    const auto peer = links_.peer_of(link);
    if (!peer) continue;
    told[link] = addresses_for(self_, *peer, spaces, reached);
    const auto before = told_.find(link);
    const bool is_news =
        before == told_.end() ? !told[link].devices.empty() : before->second != told[link];
    if (is_news) driver_.feed(engine::TellAddresses{link, told[link]});
  }
  told_ = std::move(told);
}

}  // namespace lanyard::agent
