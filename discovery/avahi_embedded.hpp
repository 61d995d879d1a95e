#pragma once

#include <avahi-common/simple-watch.h>

#include <memory>

#include "discovery/responder.hpp"

namespace lanyard::discovery {

/// mDNS by Avahi's core inside this process: for machines without a daemon. `poll` and `owner`
/// outlive it.
[[nodiscard]] std::unique_ptr<Responder> make_embedded_responder(AvahiSimplePoll* poll,
                                                                 const Responder::Owner& owner);

}  // namespace lanyard::discovery
