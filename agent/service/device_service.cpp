#include "agent/service/device_service.hpp"

#include <algorithm>

#include "agent/config_keys.hpp"
#include "agent/logging.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

using storage::KnownDevice;

Result<KnownDevice> device_of(storage::Vault& vault, const std::string& name) {
  LANYARD_TRY_SET(const auto devices, vault.devices());
  return resolve_device(devices, name);
}

std::vector<DeviceView> join(std::vector<KnownDevice> devices, std::vector<PeerStatus> peers) {
  std::vector<DeviceView> out;
  for (KnownDevice& device : devices) {
    DeviceView& view = out.emplace_back();
    for (PeerStatus& peer : peers)
      if (peer.device == device.id) view.link = std::move(peer);
    view.known = std::move(device);
  }
  std::stable_partition(out.begin(), out.end(),
                        [](const DeviceView& view) { return !view.known.forgotten; });
  return out;
}

}  // namespace

void DeviceService::list(Done<std::vector<DeviceView>> done) {
  using Devices = std::vector<KnownDevice>;
  using Peers = std::vector<PeerStatus>;
  ask_storage<Devices>(
      host_, [](storage::Vault& vault) { return vault.devices(); },
      [this, done = std::move(done)](Result<Devices> devices) {
        if (!devices) return done(fail(devices.error()));
        ask_network<Peers>(
            host_, [](Network& network) { return network.peers(); },
            [done, devices = std::move(*devices)](Peers peers) {
              done(join(devices, std::move(peers)));
            });
      });
}

void DeviceService::add(const std::string& id, const std::string& address, Done<KnownDevice> done) {
  const auto device = device_id_from_text(id);
  if (!device)
    return done(fail(Code::kUsage, "the device id is not right: " + device.error().detail,
                     "Copy it again from  lanyard devices  on the other device."));
  if (*device == host_.self)
    return done(fail(Code::kUsage, "that is this device's own id",
                     "Use the id that the other device shows."));
  if (!address.empty() && !is_host_and_port(address))
    return done(fail(Code::kUsage, "\"" + address + "\" is not of the form host:port",
                     "Give the other device's address as HOST:PORT."));
  ask_storage<KnownDevice>(
      host_,
      [device = *device, address,
       now = host_.wall()](storage::Vault& vault) -> Result<KnownDevice> {
        LANYARD_TRY(vault.add_device(device, address, now));
        log_info("device " + to_short_text(device) + " was added here");
        return device_of(vault, to_text(device));
      },
      [network = &host_.network, done = std::move(done)](Result<KnownDevice> added) {
        if (added)
          network->post(
              [network, id = added->id, at = added->address] { network->device_added(id, at); });
        done(std::move(added));
      });
}

void DeviceService::rename(const std::string& device, const std::string& name,
                           Done<KnownDevice> done) {
  if (device == host_.self_name || device == to_text(host_.self) ||
      device == to_short_text(host_.self))
    return done(
        fail(Code::kUsage, "that is this device itself, and others call it by its own name",
             "Set that:  lanyard config set device.name NAME , and start the agent again."));
  ask_storage<KnownDevice>(
      host_,
      [device, name](storage::Vault& vault) -> Result<KnownDevice> {
        LANYARD_TRY_SET(const KnownDevice found, device_of(vault, device));
        LANYARD_TRY(vault.rename_device(found.id, name));
        log_info("device " + to_short_text(found.id) + " has another name here");
        return device_of(vault, to_text(found.id));
      },
      std::move(done));
}

void DeviceService::forget(const std::string& device, Done<KnownDevice> done) {
  ask_storage<KnownDevice>(
      host_,
      [device, now = host_.wall()](storage::Vault& vault) -> Result<KnownDevice> {
        LANYARD_TRY_SET(KnownDevice found, device_of(vault, device));
        LANYARD_TRY(vault.forget_device(found.id, now));
        found.forgotten = true;
        log_info("device " + to_short_text(found.id) + " was forgotten here");
        return found;
      },
      [network = &host_.network, done = std::move(done)](Result<KnownDevice> forgotten) {
        if (forgotten)
          network->post([network, id = forgotten->id] { network->device_forgotten(id); });
        done(std::move(forgotten));
      });
}

void DeviceService::ping(const std::string& device, Done<std::vector<PingStep>> done) {
  ask_storage<KnownDevice>(
      host_, [device](storage::Vault& vault) { return device_of(vault, device); },
      [network = &host_.network, post = host_.post,
       done = std::move(done)](const Result<KnownDevice>& found) {
        if (!found) return done(fail(found.error()));
        network->post([network, post, done, id = found->id] {
          network->ping(id, [post, done](std::vector<PingStep> steps) {
            post([done, steps = std::move(steps)] { done(steps); });
          });
        });
      });
}

}  // namespace lanyard::agent
