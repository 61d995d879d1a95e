#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/vault.hpp"

/// From what people write to what they mean, and from what is meant to what they read.
namespace lanyard::agent {

/// A space by its id or its local name; what reads like an id is never a name. kNotFound names what
/// is near; a space that was left is only found with `even_left`.
[[nodiscard]] Result<storage::SpaceEntry> resolve_space(
    const std::vector<storage::SpaceEntry>& spaces, std::string_view text, bool even_left = false);

/// The same without a word on what is near, and in the same time whether it is there or not; spaces
/// that were left are none.
[[nodiscard]] std::optional<SpaceId> find_space(const std::vector<storage::SpaceEntry>& spaces,
                                                std::string_view text);

/// As lists show them: `default`, then by name, those that were left at the end.
void sort_for_people(std::vector<storage::SpaceEntry>& spaces);

/// A device by its whole id, by the first groups of it ("K7QM-2VXA", or fewer if that is enough),
/// or by its name, in either case. What reads like an id is never a name. kNotFound; kUsage naming
/// all of them if it could be several, one by its name and another by its id included. Forgotten
/// devices are not found.
[[nodiscard]] Result<storage::KnownDevice> resolve_device(
    const std::vector<storage::KnownDevice>& devices, std::string_view text);

/// The same for what gives the device something. A device that only others call so, and that this
/// one has not met, is refused (kUsage): whoever told the name could mean any device by it. Its id
/// still means it.
[[nodiscard]] Result<storage::KnownDevice> resolve_trusted_device(
    const std::vector<storage::KnownDevice>& devices, std::string_view text);

/// A device's name as fields of an answer have it: what we call it, else its short id.
[[nodiscard]] std::string shown_name(const storage::KnownDevice& device);

/// The same for sentences and lists: " (as others say)" follows a name that only others told.
[[nodiscard]] std::string marked_name(const storage::KnownDevice& device);

/// The marked names by id, for devices that may not be known here too.
class DeviceNames {
 public:
  /// Of this device and of all that storage knows.
  [[nodiscard]] static Result<DeviceNames> read(storage::Vault& vault, const DeviceId& self,
                                                const std::string& self_name);
  [[nodiscard]] std::string of(const DeviceId& device) const;

 private:
  std::map<DeviceId, std::string> names_;
};

}  // namespace lanyard::agent
