#pragma once

// The one way in which `agent` sees standalone Asio. Boost.Asio, which comes with Beast, never
// meets it in one file.
#include "discovery/net.hpp"

namespace lanyard::agent {

using Tcp = asio::ip::tcp;

}  // namespace lanyard::agent
