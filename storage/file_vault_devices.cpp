#include <algorithm>

#include "replication/types/device_id_text.hpp"
#include "storage/file_vault.hpp"
#include "storage/names.hpp"

/// Which devices this one knows, and what they are called.
namespace lanyard::storage {
namespace {

/// Fewer letters than a group of an id are no beginning of one.
constexpr std::size_t kBeginningMin = 4;

/// The ids of this device and of those that it knows, by their letters.
class IdLetters {
 public:
  IdLetters(const std::vector<KnownDevice>& devices, const DeviceId& self) {
    ids_.emplace_back(device_id_letters(to_text(self)), self);
    for (const KnownDevice& each : devices)
      ids_.emplace_back(device_id_letters(to_text(each.id)), each.id);
    std::sort(ids_.begin(), ids_.end());
  }

  /// Another device than this one whose id begins like the name.
  [[nodiscard]] const DeviceId* begins_like(std::string_view name, const DeviceId& device) const {
    const std::string letters = device_id_letters(name);
    if (letters.size() < kBeginningMin) return nullptr;
    auto each = std::lower_bound(ids_.begin(), ids_.end(), std::pair(letters, DeviceId{}));
    for (; each != ids_.end() && each->first.starts_with(letters); ++each)
      if (each->second != device) return &each->second;
    return nullptr;
  }

 private:
  std::vector<std::pair<std::string, DeviceId>> ids_;
};

}  // namespace

Result<std::vector<KnownDevice>> FileVault::devices() {
  LANYARD_TRY_SET(auto devices, platform_.devices());
  const IdLetters ids(devices, ports_.signer.device());
  for (KnownDevice& each : devices) {
    if (each.named_here) continue;
    // Said before such names were refused, or before the device came that it is the beginning of.
    each.name = device_name_from_outside(each.name);
    if (ids.begins_like(each.name, each.id) != nullptr) each.name.clear();
    each.named_by_others = each.named_by_others && !each.name.empty();
  }
  return devices;
}

Status FileVault::add_device(const DeviceId& device, const std::string& address, WallTime now) {
  if (device == ports_.signer.device())
    return fail(Code::kUsage, "this is the id of this device", "Use the id of the other device.");
  LANYARD_TRY(platform_.add_device(device, address, now));
  return say_known(device, now);
}

Status FileVault::rename_device(const DeviceId& device, const std::string& name) {
  LANYARD_TRY_SET(const std::string tidy, device_name(name));
  LANYARD_TRY_SET(const auto devices, platform_.devices());
  const IdLetters ids(devices, ports_.signer.device());
  if (const DeviceId* other = ids.begins_like(tidy, device))
    return fail(Code::kUsage,
                "the id of the device " + to_short_text(*other) + " begins like \"" + tidy + "\"",
                "Use another name: what is meant for that id would go wrong.");
  return platform_.rename_device(device, tidy);
}

Status FileVault::forget_device(const DeviceId& device, WallTime now) {
  LANYARD_TRY_SET(const auto devices, platform_.devices());
  const bool is_known = std::any_of(devices.begin(), devices.end(),
                                    [&](const KnownDevice& each) { return each.id == device; });
  return is_known ? say(device, true, now) : fail(Code::kNotFound, "no such device");
}

Status FileVault::reached_device(const DeviceId& device, const std::string& address) {
  return platform_.reached_device(device, address);
}

Result<std::map<DeviceId, std::string>> FileVault::said_names() { return platform_.said_names(); }

Status FileVault::hear_names(const DeviceId& from, const std::map<DeviceId, std::string>& names,
                             WallTime now) {
  std::map<DeviceId, std::string> taken;
  for (const auto& [device, said] : names) {
    const std::string name = device_name_from_outside(said);
    if (device != ports_.signer.device() && device != from && !name.empty())
      taken.emplace(device, name);
  }
  return platform_.set_told_names(from, taken, now);
}

Status FileVault::saw_device(const DeviceId& device, const std::string& says_name,
                             const std::string& address, WallTime now) {
  return platform_.saw_device(device, device_name_from_outside(says_name), address, now);
}

}  // namespace lanyard::storage
