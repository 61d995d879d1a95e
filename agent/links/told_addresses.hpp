#pragma once

#include <map>
#include <string>
#include <vector>

#include "replication/wire/message.hpp"
#include "storage/vault.hpp"

namespace lanyard::agent {

/// What `peer` may be told of where others are: those that are members, together with it and with
/// us, of at least one space that is here and was not left. Only numbers of private and unique
/// local addresses: a name, or a link-local address, may mean something else to the peer. Pure.
[[nodiscard]] wire::Addresses addresses_for(
    const DeviceId& self, const DeviceId& peer, const std::vector<storage::SpaceEntry>& spaces,
    const std::map<DeviceId, std::vector<std::string>>& reached);

/// What `peer` may be told of how the same devices call themselves. Pure.
[[nodiscard]] wire::Names names_for(const DeviceId& self, const DeviceId& peer,
                                    const std::vector<storage::SpaceEntry>& spaces,
                                    const std::map<DeviceId, std::string>& said);

}  // namespace lanyard::agent
