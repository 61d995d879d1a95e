#pragma once

#include <avahi-common/simple-watch.h>

#include <memory>

#include "discovery/responder.hpp"

namespace lanyard::discovery {

/// mDNS by the system's Avahi daemon, over D-Bus. Waits for a daemon that is not there. Each of its
/// calls, this one too, may block for 25 s if the daemon hangs: say before that it may. `poll` and
/// `owner` outlive it.
[[nodiscard]] std::unique_ptr<Responder> make_daemon_responder(AvahiSimplePoll* poll,
                                                               const Responder::Owner& owner);

}  // namespace lanyard::discovery
