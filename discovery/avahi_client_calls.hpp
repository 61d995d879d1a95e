#pragma once

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>

#include "discovery/loaded_library.hpp"

namespace lanyard::discovery {

/// The functions of libavahi-client that we call, under its names without their "avahi_". Nothing
/// is linked with that library: it shares a name with libavahi-core.
struct ClientCalls {
  decltype(&::avahi_client_new) client_new = nullptr;
  decltype(&::avahi_client_free) client_free = nullptr;
  decltype(&::avahi_client_errno) client_errno = nullptr;
  decltype(&::avahi_entry_group_new) entry_group_new = nullptr;
  decltype(&::avahi_entry_group_free) entry_group_free = nullptr;
  decltype(&::avahi_entry_group_add_address) entry_group_add_address = nullptr;
  decltype(&::avahi_entry_group_add_service_strlst) entry_group_add_service = nullptr;
  decltype(&::avahi_entry_group_update_service_txt_strlst) entry_group_update_text = nullptr;
  decltype(&::avahi_entry_group_commit) entry_group_commit = nullptr;
  decltype(&::avahi_entry_group_reset) entry_group_reset = nullptr;
  decltype(&::avahi_entry_group_is_empty) entry_group_is_empty = nullptr;
  decltype(&::avahi_service_browser_new) service_browser_new = nullptr;
  decltype(&::avahi_service_resolver_new) service_resolver_new = nullptr;
  decltype(&::avahi_service_resolver_free) service_resolver_free = nullptr;

  /// Loads the library. Not in a process that has loaded libavahi-core.
  [[nodiscard]] static Result<ClientCalls> load();
};

}  // namespace lanyard::discovery
