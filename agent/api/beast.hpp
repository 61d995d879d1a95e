#pragma once

// The one way in which `agent` sees Boost.Asio and Beast. Standalone Asio never meets them in one
// file, and <utility> comes first: Boost 1.74 uses std::exchange without asking for it.
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace lanyard::agent {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using LoopbackTcp = net::ip::tcp;
using NetError = boost::system::error_code;

}  // namespace lanyard::agent
