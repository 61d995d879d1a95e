#include <algorithm>

#include "storage/file_vault.hpp"

/// Devices that do what no honest one does: a person is told, and decides.
namespace lanyard::storage {
namespace {

/// Logs of one device in one space: a store that was restored two thousand times.
constexpr std::size_t kLogsUsual = 2048;
/// Forked logs of one device in one space: as many live copies of a whole machine.
constexpr std::size_t kForksUsual = 8;

}  // namespace

Status FileVault::load_excesses() {
  LANYARD_TRY_SET(const auto settings, platform_.settings_of(kExcessSetting));
  for (const auto& [key, value] : settings) {
    const auto bytes =
        from_hex(std::string_view(key).substr(std::string_view(kExcessSetting).size()));
    const auto device = bytes ? DeviceId::from(*bytes) : std::nullopt;
    if (device) excesses_.emplace(*device, value);
  }
  return {};
}

Status FileVault::look_for_excess(const SpaceId& space, const oplog::SpaceLog& log) {
  if (log.logs.size() <= kLogsUsual && log.branches.size() <= kForksUsual) return {};
  std::map<DeviceId, std::size_t> logs;
  std::map<DeviceId, std::size_t> forks;
  for (const auto& [id, held] : log.logs) {
    ++logs[held.device];
    if (log.branches.contains(id)) ++forks[held.device];
  }
  for (const auto& [device, count] : logs) {
    if (count > kLogsUsual)
      LANYARD_TRY(note_excess(device, space, "opened " + std::to_string(count) + " logs in"));
    if (forks[device] > kForksUsual)
      LANYARD_TRY(
          note_excess(device, space, "forked " + std::to_string(forks[device]) + " logs of"));
  }
  return {};
}

/// The newest for each device; it is reported once, and shown until the device is forgotten.
Status FileVault::note_excess(const DeviceId& device, const SpaceId& space,
                              const std::string& what) {
  if (device == ports_.signer.device()) return {};
  LANYARD_TRY_SET(const auto row, platform_.space(space));
  const std::string text = "it has " + what + " " + (row ? "the space " + row->name : "a space") +
                           ", more than an honest device has reason to";
  const auto known = excesses_.find(device);
  if (known != excesses_.end() && known->second == text) return {};
  LANYARD_TRY(platform_.set_setting(kExcessSetting + to_hex(device.view()), text));
  if (known == excesses_.end())
    report(space,
           Error(Code::kNotAllowed, "device " + to_hex(device.view()).substr(0, 16) + ": " + text,
                 "lanyard status  names it, and what to do."));
  excesses_.insert_or_assign(device, text);
  return {};
}

std::vector<Excess> FileVault::excesses() {
  std::vector<Excess> out;
  if (excesses_.empty()) return out;
  const auto devices = platform_.devices();
  if (!devices) return out;
  for (const KnownDevice& each : *devices) {
    const auto found = excesses_.find(each.id);
    if (!each.forgotten && found != excesses_.end()) out.push_back({each.id, found->second});
  }
  return out;
}

}  // namespace lanyard::storage
