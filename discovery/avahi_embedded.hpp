#pragma once

#include "discovery/avahi_responder.hpp"

namespace lanyard::discovery {

/// mDNS by Avahi's core inside this process: for machines without a daemon. kNotFound if
/// libavahi-core is not installed.
[[nodiscard]] Result<MakeResponder> load_embedded_responder();

}  // namespace lanyard::discovery
