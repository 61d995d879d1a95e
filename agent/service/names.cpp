#include "agent/service/names.hpp"

#include <algorithm>
#include <tuple>

#include "agent/ascii_text.hpp"
#include "agent/config_keys.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

/// The letters and digits of an id's text, with the spellings that Crockford allows.
std::string id_letters(std::string_view text) {
  std::string out;
  for (char c : lower(text)) {
    if (c == '-' || c == ' ') continue;
    c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
    out += c;
  }
  return out;
}

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known,
                         const char* otherwise) {
  const auto nearest = nearest_name(name, known);
  return nearest ? "Did you mean " + in_quotes(*nearest) + "?" : otherwise;
}

}  // namespace

Result<storage::SpaceEntry> resolve_space(const std::vector<storage::SpaceEntry>& spaces,
                                          std::string_view name, bool even_left) {
  auto id = space_id_from_text(name);
  for (const storage::SpaceEntry& space : spaces)
    if (id == space.id && space.now_part_of && !even_left) id = space.now_part_of;
  std::vector<std::string> known;
  for (const storage::SpaceEntry& space : spaces) {
    if (space.left && !even_left) continue;
    if ((id && space.id == *id) || space.name == name) return space;
    known.push_back(space.name);
  }
  for (const storage::SpaceEntry& space : spaces)
    if (space.left && ((id && space.id == *id) || space.name == name))
      return fail(Code::kNotFound, "the space " + in_quotes(name) + " was left on this device");
  return fail(Code::kNotFound, "there is no space " + in_quotes(name) + " on this device",
              did_you_mean(name, known,
                           "See  lanyard space list  or make it with  lanyard space create NAME"));
}

void sort_for_people(std::vector<storage::SpaceEntry>& spaces) {
  const auto place = [](const storage::SpaceEntry& space) {
    return std::tuple(space.left, space.name != storage::kHomeName, std::string_view(space.name));
  };
  std::sort(spaces.begin(), spaces.end(),
            [&](const auto& left, const auto& right) { return place(left) < place(right); });
}

Result<storage::KnownDevice> resolve_device(const std::vector<storage::KnownDevice>& devices,
                                            std::string_view name) {
  const std::string letters = id_letters(name);
  std::vector<const storage::KnownDevice*> by_name;
  std::vector<const storage::KnownDevice*> by_id;
  std::vector<std::string> known;
  for (const storage::KnownDevice& device : devices) {
    if (device.forgotten) continue;
    known.push_back(device.name);
    if (lower(device.name) == lower(name)) by_name.push_back(&device);
    if (letters.size() >= 4 && id_letters(to_text(device.id)).starts_with(letters))
      by_id.push_back(&device);
  }
  const auto& found = by_name.empty() ? by_id : by_name;
  if (found.size() == 1) return *found.front();
  if (found.empty())
    return fail(Code::kNotFound, "there is no device " + in_quotes(name) + " known here",
                did_you_mean(name, known, "See  lanyard devices list"));
  std::string candidates;
  for (const storage::KnownDevice* device : found)
    candidates += (candidates.empty() ? "" : ", ") + shown_name(*device) + " (" +
                  to_short_text(device->id) + ")";
  return fail(Code::kUsage, in_quotes(name) + " could be " + candidates,
              "Use the id, or give one of them another name with  lanyard devices rename");
}

std::string shown_name(const storage::KnownDevice& device) {
  return device.name.empty() ? to_short_text(device.id) : device.name;
}

Result<DeviceNames> DeviceNames::read(storage::Vault& vault, const DeviceId& self,
                                      const std::string& self_name) {
  DeviceNames out;
  LANYARD_TRY_SET(const auto devices, vault.devices());
  for (const storage::KnownDevice& device : devices)
    out.names_.emplace(device.id, shown_name(device));
  out.names_.insert_or_assign(self, self_name);
  return out;
}

std::string DeviceNames::of(const DeviceId& device) const {
  const auto known = names_.find(device);
  return known == names_.end() ? to_short_text(device) : known->second;
}

}  // namespace lanyard::agent
