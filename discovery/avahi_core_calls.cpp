#include "discovery/avahi_core_calls.hpp"

namespace lanyard::discovery {

Result<CoreCalls> CoreCalls::load() {
  LANYARD_TRY_SET(auto library, LoadedLibrary::open("libavahi-core.so.7"));
  CoreCalls out;
  library.find("avahi_set_log_function", out.set_log_function);
  library.find("avahi_server_config_init", out.server_config_init);
  library.find("avahi_server_config_free", out.server_config_free);
  library.find("avahi_server_new", out.server_new);
  library.find("avahi_server_free", out.server_free);
  library.find("avahi_server_add_address", out.server_add_address);
  library.find("avahi_server_add_service_strlst", out.server_add_service);
  library.find("avahi_server_update_service_txt_strlst", out.server_update_text);
  library.find("avahi_s_entry_group_new", out.entry_group_new);
  library.find("avahi_s_entry_group_free", out.entry_group_free);
  library.find("avahi_s_entry_group_commit", out.entry_group_commit);
  library.find("avahi_s_entry_group_reset", out.entry_group_reset);
  library.find("avahi_s_service_browser_new", out.service_browser_new);
  library.find("avahi_s_service_browser_free", out.service_browser_free);
  library.find("avahi_s_service_resolver_new", out.service_resolver_new);
  library.find("avahi_s_service_resolver_free", out.service_resolver_free);
  LANYARD_TRY(library.finish());
  return out;
}

}  // namespace lanyard::discovery
