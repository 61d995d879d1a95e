#include "discovery/avahi_client_calls.hpp"

namespace lanyard::discovery {

Result<ClientCalls> ClientCalls::load() {
  LANYARD_TRY_SET(auto library, LoadedLibrary::open("libavahi-client.so.3"));
  ClientCalls out;
  library.find("avahi_client_new", out.client_new);
  library.find("avahi_client_free", out.client_free);
  library.find("avahi_client_errno", out.client_errno);
  library.find("avahi_entry_group_new", out.entry_group_new);
  library.find("avahi_entry_group_free", out.entry_group_free);
  library.find("avahi_entry_group_add_address", out.entry_group_add_address);
  library.find("avahi_entry_group_add_service_strlst", out.entry_group_add_service);
  library.find("avahi_entry_group_update_service_txt_strlst", out.entry_group_update_text);
  library.find("avahi_entry_group_commit", out.entry_group_commit);
  library.find("avahi_entry_group_reset", out.entry_group_reset);
  library.find("avahi_entry_group_is_empty", out.entry_group_is_empty);
  library.find("avahi_service_browser_new", out.service_browser_new);
  library.find("avahi_service_resolver_new", out.service_resolver_new);
  library.find("avahi_service_resolver_free", out.service_resolver_free);
  LANYARD_TRY(library.finish());
  return out;
}

}  // namespace lanyard::discovery
