#pragma once

#include <avahi-common/address.h>
#include <avahi-common/strlst.h>

#include <memory>

#include "discovery/ip_address.hpp"
#include "discovery/txt_record.hpp"

/// Avahi's values and ours.
namespace lanyard::discovery {

[[nodiscard]] AvahiAddress to_avahi(const IpAddress& address);
[[nodiscard]] std::optional<IpAddress> from_avahi(const AvahiAddress* address);

using AvahiStrings = std::unique_ptr<AvahiStringList, void (*)(AvahiStringList*)>;
/// A list in the order of `strings`. Null if memory is short.
[[nodiscard]] AvahiStrings to_avahi(const std::vector<std::string>& strings);
/// The views live as long as the list.
[[nodiscard]] Result<ServiceText> text_from_avahi(AvahiStringList* strings);

}  // namespace lanyard::discovery
