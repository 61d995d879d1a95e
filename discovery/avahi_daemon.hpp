#pragma once

#include "discovery/avahi_responder.hpp"

namespace lanyard::discovery {

/// mDNS by the system's Avahi daemon, over D-Bus. Such a responder waits for a daemon that is not
/// there. Each of its calls, its making too, may block for 25 s if the daemon hangs: say before
/// that it may. kNotFound if libavahi-client is not installed.
[[nodiscard]] Result<MakeResponder> load_daemon_responder();

}  // namespace lanyard::discovery
