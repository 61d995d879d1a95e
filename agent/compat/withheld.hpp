#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/compat_store.hpp"

namespace lanyard::agent {

/// A value without what must not leave this device.
struct Withheld {
  std::string json;
  /// What was taken out. `member` is the way to it, a JSON array: names of members, and of an
  /// array's elements "=" and their id, username or name, else "#" and their place.
  std::vector<storage::KeptMember> kept;
};

/// Whether a JSON text looks like a secret, or is itself JSON in which withhold() finds one. Pure.
[[nodiscard]] bool is_secret_text(std::string_view json);

/// Takes out the members, at any depth, whose names are those of secrets and whose values are no
/// numbers, booleans or null; the value beside such a name, `{"name":"apiKey","value":"..."}` and
/// `["apiKey","..."]`; texts that look like secrets by themselves, whatever they are called; and
/// those members of the value itself that are named in `kept_local`. An element of a list leaves a
/// null. A value that is no object or array is given back as it is. Pure.
[[nodiscard]] Withheld withhold(std::string_view json, const std::vector<std::string>& kept_local);

/// Puts back what was taken out, where its place is still there. Where another device has put
/// something else there meanwhile, that stays, unless the member's name says that each device has
/// its own: a secret's, or one of `kept_local`. Pure.
[[nodiscard]] std::string give_back(std::string json, const std::vector<storage::KeptMember>& kept,
                                    const std::vector<std::string>& kept_local = {});

/// What is to be kept of a value that is posted: redactions stand for what was kept before. Pure.
[[nodiscard]] std::vector<storage::KeptMember> kept_from(
    std::vector<storage::KeptMember> posted, const std::vector<storage::KeptMember>& before);

}  // namespace lanyard::agent
