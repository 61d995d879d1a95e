#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/json_slices.hpp"
#include "replication/ports.hpp"
#include "storage/compat_store.hpp"

/// A client of a foreign protocol posts whole objects. What it posts is read as what it believes,
/// and compared with what it was given or had written before (docs/adr/0016). Pure.
namespace lanyard::agent {

using storage::ContentHash;
using storage::SeenMember;

/// A member of a record as a client says or sees it.
struct ClaimMember {
  std::string name;
  std::string_view json;
  ContentHash hash;  ///< of the canonical value: 1.0 and 1 differ, white space does not
};

/// With their hashes, sorted by name. kMalformed, kTooLarge for a value that cannot be kept, with
/// its member's name.
[[nodiscard]] Result<std::vector<ClaimMember>> claimed(const std::vector<JsonMember>& members,
                                                       const Hasher& hasher);
/// Adds a member, or takes the place of one. `json` is good JSON and outlives the members.
void claim(std::vector<ClaimMember>& members, std::string_view name, std::string_view json,
           const Hasher& hasher);
/// When the app says that the record was changed last.
inline constexpr std::string_view kUpdatedAt = "updatedAt";
/// The app's own time of change, as time_in() reads it.
[[nodiscard]] std::optional<std::int64_t> updated_at_of(const std::vector<ClaimMember>& members);
[[nodiscard]] std::vector<SeenMember> seen_members(const std::vector<ClaimMember>& members);
/// Of all members together.
[[nodiscard]] ContentHash content_of(const std::vector<ClaimMember>& members, const Hasher& hasher);

/// What has to be written of a record, by the names of members.
struct Edits {
  std::vector<std::string> set;
  std::vector<std::string> unset;
  [[nodiscard]] bool is_empty() const { return set.empty() && unset.empty(); }
  [[nodiscard]] bool concerns(const std::string& member) const;
  friend bool operator==(const Edits&, const Edits&) = default;
};

/// What a client changed: the members in which `said` differs from its `base`, but for those that
/// are `now` as it wants them. What it left as it was is nobody's edit, whatever it is now.
[[nodiscard]] Edits edits_since(const std::vector<SeenMember>& base,
                                const std::vector<SeenMember>& said,
                                const std::vector<SeenMember>& now);

/// What may be taken from a client of which nobody knows what it has seen: members that are not
/// there. `is_newer`: those that differ too.
[[nodiscard]] Edits additions(const std::vector<SeenMember>& said,
                              const std::vector<SeenMember>& now, bool is_newer);

}  // namespace lanyard::agent
