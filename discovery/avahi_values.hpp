#pragma once

#include <avahi-common/address.h>
#include <avahi-common/defs.h>
#include <avahi-common/strlst.h>

#include <memory>

#include "discovery/lookups.hpp"
#include "discovery/publisher.hpp"

/// Avahi's values and ours. The daemon's client and the embedded core have calls of their own, and
/// say the same in their answers.
namespace lanyard::discovery {

inline constexpr auto kPublishFlags = static_cast<AvahiPublishFlags>(0);
inline constexpr auto kLookupFlags = static_cast<AvahiLookupFlags>(0);

[[nodiscard]] AvahiAddress to_avahi(const IpAddress& address);
[[nodiscard]] std::optional<IpAddress> from_avahi(const AvahiAddress* address);

using AvahiStrings = std::unique_ptr<AvahiStringList, void (*)(AvahiStringList*)>;
/// A list in the order of `strings`. Null if memory is short.
[[nodiscard]] AvahiStrings to_avahi(const std::vector<std::string>& strings);
/// The views live as long as the list.
[[nodiscard]] Result<ServiceText> text_from_avahi(AvahiStringList* strings);

[[nodiscard]] Publisher::GroupState group_state(AvahiEntryGroupState state);
[[nodiscard]] inline AvahiProtocol protocol_of(const Lookups::Name& name) {
  return name.is_v6 ? AVAHI_PROTO_INET6 : AVAHI_PROTO_INET;
}
[[nodiscard]] inline Lookups::Name name_of(AvahiIfIndex interface, AvahiProtocol protocol,
                                           const char* instance) {
  return {interface, protocol == AVAHI_PROTO_INET6, instance};
}
/// What a browser says of a name; not for AVAHI_BROWSER_FAILURE, which has none.
void take_browsed(Lookups& lookups, const Lookups::Name& name, AvahiBrowserEvent event);
/// What a resolver found.
void take_resolved(Lookups& lookups, const Lookups::Name& name, AvahiResolverEvent event,
                   const AvahiAddress* address, std::uint16_t port, AvahiStringList* strings);

}  // namespace lanyard::discovery
