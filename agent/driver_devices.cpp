// Who is there, who was forgotten, and who is invited again.
#include "agent/driver.hpp"
#include "agent/logging.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {

void Driver::perform(engine::KeepForgettings effect) {
  storage_->run([this, effect = std::move(effect)](storage::Vault& vault) mutable {
    const auto changed = vault.hear_forgettings(effect.from, std::move(effect.words));
    if (!changed)
      return log_warning("what device " + to_short_text(effect.from) +
                         " says of forgotten devices cannot be kept: " + changed.error().detail);
    if (!*changed) return;
    log_info("device " + to_short_text(effect.from) +
             " has told which devices are forgotten, or known again");
    if (caught_up_) asio::post(io_, [this] { caught_up_(true); });
  });
}

void Driver::perform(const engine::RejoinSpace& effect) {
  storage_->run([this, effect](storage::Vault& vault) {
    const auto rejoined = vault.rejoin_space(effect.space, effect.from);
    if (!rejoined)
      return log_warning("the space " + to_text(effect.space) + " stays left, though device " +
                         to_short_text(effect.from) +
                         " shared it again: " + rejoined.error().detail);
    if (!*rejoined) return;
    log_info("space " + to_text(effect.space) + " is here again: device " +
             to_short_text(effect.from) + " shared it");
    answer(engine::SyncNow{});
  });
}

void Driver::tell_invitations(const DeviceId& device) {
  const auto link = links_.link_of(device);
  if (!link) return;
  storage_->run([this, device, link = *link](storage::Vault& vault) {
    const auto spaces = vault.invitations(device);
    if (!spaces || spaces->empty()) return;
    asio::post(io_, [this, device, link, list = *spaces] {
      for (const SpaceId& space : list) feed(engine::ShareAgain{link, space});
      // It answers what comes behind: then it has heard all of it.
      ask(link, [this, device, list] {
        storage_->run([device, list](storage::Vault& told) {
          for (const SpaceId& space : list) static_cast<void>(told.invited(device, space));
        });
      });
    });
  });
}

void Driver::note(const engine::PeerSaidHello& notice) {
  rounds_.heard(notice, now().mono);
  Peer& peer = peers_[notice.peer];
  peer.says_name = notice.name;
  peer.build = notice.build;
  peer.clock_ahead_ms = notice.wall_ms - wall_now().ms;
  peer.is_here = true;
  saw(notice.peer, notice.name);
  tell_invitations(notice.peer);
}

void Driver::note(const engine::PeerToldNames& notice) {
  std::map<DeviceId, std::string> names;
  for (const wire::Names::Device& each : notice.names.devices) names.emplace(each.id, each.name);
  const bool is_busy = !said_of_others_.try_emplace(notice.peer).second;
  said_of_others_[notice.peer] = std::move(names);
  if (!is_busy) keep_names(notice.peer);
}

void Driver::keep_names(const DeviceId& peer) {
  auto& next = said_of_others_[peer];
  if (!next) {
    said_of_others_.erase(peer);
    return;
  }
  storage_->run([this, peer, names = *std::exchange(next, std::nullopt)](storage::Vault& vault) {
    static_cast<void>(vault.hear_names(peer, names, wall_now()));
    asio::post(io_, [this, peer] { keep_names(peer); });
  });
}

void Driver::gone(engine::LinkId link) {
  const auto found = up_.find(link);
  if (found == up_.end()) return;
  const DeviceId device = found->second;
  up_.erase(found);
  Peer& peer = peers_[device];
  peer.spaces.clear();
  // It was there until now. Whoever does not know us any more has said nothing but that.
  if (std::exchange(peer.is_here, false)) saw(device, {});
}

void Driver::saw(const DeviceId& device, const std::string& says_name) {
  storage_->run([device, says_name](storage::Vault& vault) {
    static_cast<void>(vault.saw_device(device, says_name, "", wall_now()));
  });
}

}  // namespace lanyard::agent
