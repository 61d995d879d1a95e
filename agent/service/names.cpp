#include "agent/service/names.hpp"

#include <algorithm>
#include <tuple>

#include "agent/ascii_text.hpp"
#include "agent/config_keys.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/nearest_name.hpp"
#include "storage/names.hpp"

namespace lanyard::agent {
namespace {

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known,
                         const char* otherwise) {
  const auto nearest = nearest_name(name, known);
  return nearest ? "Did you mean " + in_quotes(*nearest) + "?" : otherwise;
}

/// The whole of it, or enough of its beginning.
bool is_id_of(const DeviceId& device, std::string_view text) {
  const std::string letters = storage::device_id_letters(text);
  return letters.size() >= 4 && storage::device_id_letters(to_text(device)).starts_with(letters);
}

}  // namespace

Result<storage::SpaceEntry> resolve_space(const std::vector<storage::SpaceEntry>& spaces,
                                          std::string_view text, bool even_left) {
  const std::string name = storage::tidy_name(text);
  auto id = storage::space_id_of(name);
  // What reads like an id is one: whatever is called so, it is not meant.
  const bool is_name = !id;
  const auto is_called = [&](const storage::SpaceEntry& space) {
    return space.name == name || space.name == text;  // given before names were tidied
  };
  for (const storage::SpaceEntry& space : spaces)
    if (id == space.id && space.now_part_of && !even_left) id = space.now_part_of;
  std::vector<std::string> known;
  for (const storage::SpaceEntry& space : spaces) {
    if (space.left && !even_left) continue;
    if ((id && space.id == *id) || (is_name && is_called(space))) return space;
    known.push_back(space.name);
  }
  for (const storage::SpaceEntry& space : spaces)
    if (space.left && ((id && space.id == *id) || (is_name && is_called(space))))
      return fail(Code::kNotFound, "the space " + in_quotes(name) + " was left on this device");
  return fail(Code::kNotFound, "there is no space " + in_quotes(name) + " on this device",
              did_you_mean(name, known,
                           "See  lanyard space list  or make it with  lanyard space create NAME"));
}

std::optional<SpaceId> find_space(const std::vector<storage::SpaceEntry>& spaces,
                                  std::string_view text) {
  const std::string name = storage::tidy_name(text);
  auto id = storage::space_id_of(name);
  const bool is_name = !id;
  for (const storage::SpaceEntry& space : spaces)
    if (id == space.id && space.now_part_of) id = space.now_part_of;
  std::optional<SpaceId> out;
  for (const storage::SpaceEntry& space : spaces) {
    const bool is_called = space.name == name || space.name == text;
    const bool is_meant = (id && space.id == *id) || (is_name && is_called);
    if (is_meant && !space.left && !out) out = space.id;
  }
  return out;
}

void sort_for_people(std::vector<storage::SpaceEntry>& spaces) {
  const auto place = [](const storage::SpaceEntry& space) {
    return std::tuple(space.left, space.name != storage::kHomeName, std::string_view(space.name));
  };
  std::sort(spaces.begin(), spaces.end(),
            [&](const auto& left, const auto& right) { return place(left) < place(right); });
}

Result<storage::KnownDevice> resolve_device(const std::vector<storage::KnownDevice>& devices,
                                            std::string_view text) {
  const std::string name = storage::tidy_name(text);
  const bool is_name = !storage::reads_like_device_id(name);
  std::vector<const storage::KnownDevice*> found;
  std::vector<const storage::KnownDevice*> hearsay;
  std::vector<std::string> known;
  for (const storage::KnownDevice& device : devices) {
    if (device.forgotten) continue;
    known.push_back(device.name);
    const bool has_name = is_name && !name.empty() && lower(device.name) == lower(name);
    const bool has_id = is_id_of(device.id, name);
    if (has_id || (has_name && !device.named_by_others)) found.push_back(&device);
    if (has_name && !has_id && device.named_by_others) hearsay.push_back(&device);
  }
  // What others say of a device takes no name from one that was met.
  if (found.empty()) found = std::move(hearsay);
  if (found.size() == 1) return *found.front();
  if (found.empty())
    return fail(Code::kNotFound, "there is no device " + in_quotes(name) + " known here",
                did_you_mean(name, known, "See  lanyard devices list"));
  std::string candidates;
  for (const storage::KnownDevice* device : found)
    candidates += (candidates.empty() ? "" : ", ") + marked_name(*device) + " (" +
                  to_short_text(device->id) + ")";
  return fail(Code::kUsage, in_quotes(name) + " could be " + candidates,
              "Use the id, or give one of them another name with  lanyard devices rename");
}

Result<storage::KnownDevice> resolve_trusted_device(
    const std::vector<storage::KnownDevice>& devices, std::string_view text) {
  auto found = resolve_device(devices, text);
  if (!found || !found->named_by_others) return found;
  const std::string name = storage::tidy_name(text);
  const bool has_name = lower(found->name) == lower(name);  // an id can be made to begin so too
  if (storage::reads_like_device_id(name) || !has_name) return found;
  return fail(Code::kUsage,
              "only others call a device " + in_quotes(name) + ", and this one has not met it",
              "Make sure that it is the one you mean (lanyard devices  on it shows its id), and "
              "name its id: " +
                  to_text(found->id));
}

std::string shown_name(const storage::KnownDevice& device) {
  return device.name.empty() ? to_short_text(device.id) : device.name;
}

std::string marked_name(const storage::KnownDevice& device) {
  return shown_name(device) + (device.named_by_others ? " (as others say)" : "");
}

Result<DeviceNames> DeviceNames::read(storage::Vault& vault, const DeviceId& self,
                                      const std::string& self_name) {
  DeviceNames out;
  LANYARD_TRY_SET(const auto devices, vault.devices());
  for (const storage::KnownDevice& device : devices)
    out.names_.emplace(device.id, marked_name(device));
  out.names_.insert_or_assign(self, self_name);
  return out;
}

std::string DeviceNames::of(const DeviceId& device) const {
  const auto known = names_.find(device);
  return known == names_.end() ? to_short_text(device) : known->second;
}

}  // namespace lanyard::agent
