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

}  // namespace lanyard::discovery
