#include "discovery/avahi_values.hpp"

namespace lanyard::discovery {

AvahiAddress to_avahi(const IpAddress& address) {
  AvahiAddress out{};
  out.proto = address.is_v6() ? AVAHI_PROTO_INET6 : AVAHI_PROTO_INET;
  std::copy(address.view().begin(), address.view().end(), out.data.data);
  return out;
}

std::optional<IpAddress> from_avahi(const AvahiAddress* address) {
  if (address == nullptr) return std::nullopt;
  const std::size_t size = address->proto == AVAHI_PROTO_INET6 ? 16 : 4;
  return IpAddress::from({address->data.data, size});
}

AvahiStrings to_avahi(const std::vector<std::string>& strings) {
  AvahiStringList* list = nullptr;
  // Avahi adds in front.
  for (auto each = strings.rbegin(); each != strings.rend(); ++each)
    list = avahi_string_list_add(list, each->c_str());
  return {list, avahi_string_list_free};
}

Result<ServiceText> text_from_avahi(AvahiStringList* strings) {
  std::vector<ByteView> views;
  for (AvahiStringList* each = strings; each != nullptr; each = avahi_string_list_get_next(each))
    views.emplace_back(avahi_string_list_get_text(each), avahi_string_list_get_size(each));
  return read_txt(views);
}

Publisher::GroupState group_state(AvahiEntryGroupState state) {
  switch (state) {
    case AVAHI_ENTRY_GROUP_ESTABLISHED: return Publisher::GroupState::kEstablished;
    case AVAHI_ENTRY_GROUP_COLLISION: return Publisher::GroupState::kCollision;
    case AVAHI_ENTRY_GROUP_FAILURE: return Publisher::GroupState::kFailure;
    case AVAHI_ENTRY_GROUP_UNCOMMITED:
    case AVAHI_ENTRY_GROUP_REGISTERING: break;
  }
  return Publisher::GroupState::kRegistering;
}

void take_browsed(Lookups& lookups, const Lookups::Name& name, AvahiBrowserEvent event) {
  if (event == AVAHI_BROWSER_NEW) lookups.appeared(name);
  if (event == AVAHI_BROWSER_REMOVE) lookups.disappeared(name);
}

void take_resolved(Lookups& lookups, const Lookups::Name& name, AvahiResolverEvent event,
                   const AvahiAddress* address, std::uint16_t port, AvahiStringList* strings) {
  const auto at = from_avahi(address);
  const auto text = text_from_avahi(strings);
  if (event != AVAHI_RESOLVER_FOUND || !at || !text) return lookups.resolved(name, std::nullopt);
  lookups.resolved(name, Lookups::Answer{*at, port, *text});
}

}  // namespace lanyard::discovery
