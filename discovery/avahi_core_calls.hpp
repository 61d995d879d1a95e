#pragma once

#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>

#include "discovery/loaded_library.hpp"

namespace lanyard::discovery {

/// The functions of libavahi-core that we call, under its names without their "avahi_" and "s_".
/// Nothing is linked with that library: it shares a name with libavahi-client.
struct CoreCalls {
  decltype(&::avahi_set_log_function) set_log_function = nullptr;
  decltype(&::avahi_server_config_init) server_config_init = nullptr;
  decltype(&::avahi_server_config_free) server_config_free = nullptr;
  decltype(&::avahi_server_new) server_new = nullptr;
  decltype(&::avahi_server_free) server_free = nullptr;
  decltype(&::avahi_server_add_address) server_add_address = nullptr;
  decltype(&::avahi_server_add_service_strlst) server_add_service = nullptr;
  decltype(&::avahi_server_update_service_txt_strlst) server_update_text = nullptr;
  decltype(&::avahi_s_entry_group_new) entry_group_new = nullptr;
  decltype(&::avahi_s_entry_group_free) entry_group_free = nullptr;
  decltype(&::avahi_s_entry_group_commit) entry_group_commit = nullptr;
  decltype(&::avahi_s_entry_group_reset) entry_group_reset = nullptr;
  decltype(&::avahi_s_service_browser_new) service_browser_new = nullptr;
  decltype(&::avahi_s_service_browser_free) service_browser_free = nullptr;
  decltype(&::avahi_s_service_resolver_new) service_resolver_new = nullptr;
  decltype(&::avahi_s_service_resolver_free) service_resolver_free = nullptr;

  /// Loads the library. Not in a process that has loaded libavahi-client.
  [[nodiscard]] static Result<CoreCalls> load();
};

}  // namespace lanyard::discovery
