#pragma once

#include <string>

#include "agent/net.hpp"
#include "replication/types/result.hpp"

namespace lanyard::agent {

/// Listens for other devices at an address of this machine; empty: at all of them, IPv6 and IPv4 at
/// once where there is IPv6. At `port`, or the first of the `tried` ports from there on that is
/// free. kPortTaken, kInvalidConfig, each with its fix.
[[nodiscard]] Result<Tcp::acceptor> listen_for_devices(asio::io_context& io,
                                                       const std::string& address,
                                                       std::uint16_t port, int tried);

}  // namespace lanyard::agent
