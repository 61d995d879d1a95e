#pragma once

#include <string_view>

namespace lanyard::agent {

/// Tells the service manager what state we are in ("READY=1", "STOPPING=1", "STATUS=…";
/// sd_notify(3)): one datagram to the socket that $NOTIFY_SOCKET names. Nothing happens where there
/// is none.
void systemd_notify(std::string_view state);

}  // namespace lanyard::agent
