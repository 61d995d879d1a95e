#pragma once

#include "agent/api/beast.hpp"
#include "agent/api/http_host.hpp"

namespace lanyard::agent {

/// Makes a WebSocket (RFC 6455) of an HTTP connection whose request asks for one. Text messages
/// only, no extensions: on loopback compression costs more than it saves, and 300 KiB a connection.
/// Pings keep it alive; one that does not answer them is closed. `host` outlives it.
[[nodiscard]] std::shared_ptr<LoopbackConnection> start_socket(
    beast::tcp_stream stream, const HttpHost& host, http::request<http::buffer_body> request,
    const std::function<std::shared_ptr<SocketTalk>(std::shared_ptr<SocketLine>)>& upgrade);

}  // namespace lanyard::agent
