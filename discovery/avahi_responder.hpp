#pragma once

#include <avahi-common/simple-watch.h>

#include <functional>
#include <memory>

#include "discovery/responder.hpp"

namespace lanyard::discovery {

/// Makes responders of one kind, whose Avahi library is loaded. `poll` and `owner` outlive them.
using MakeResponder =
    std::function<std::unique_ptr<Responder>(AvahiSimplePoll* poll, const Responder::Owner& owner)>;

}  // namespace lanyard::discovery
