#include "agent/links/listen.hpp"

#include <cerrno>

namespace lanyard::agent {
namespace {

/// Asio's codes are not equal to std::errc's, whatever they are named.
Error listen_error(const std::error_code& error, const Tcp::endpoint& endpoint) {
  const std::string port = "port " + std::to_string(endpoint.port());
  if (error == asio::error::address_in_use) {
    return Error(
        Code::kPortTaken, port + " is in use by another program",
        "choose another with --sync-port or sync.port, or stop that program (ss -ltnp shows it)");
  }
  if (error == asio::error::access_denied) {
    return Error(Code::kInvalidConfig, port + " is one that this user may not listen on",
                 "choose one of 1024 or above with --sync-port or sync.port");
  }
  if (error.value() == EADDRNOTAVAIL) {
    return Error(Code::kInvalidConfig,
                 endpoint.address().to_string() + " is not an address of this machine",
                 "set sync.listen to one that is, or leave it out");
  }
  return Error(error, "cannot listen on " + port);
}

Result<Tcp::acceptor> listen_on(asio::io_context& io, const Tcp::endpoint& endpoint) {
  Tcp::acceptor acceptor(io);
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return fail(listen_error(error, endpoint));
  acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (endpoint.protocol() == Tcp::v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(listen_error(error, endpoint));
  return acceptor;
}

/// IPv6 and IPv4 at once where there is IPv6, else IPv4.
Result<Tcp::acceptor> listen_anywhere(asio::io_context& io, const std::string& address,
                                      std::uint16_t port) {
  if (!address.empty()) {
    std::error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) {
      return fail(Code::kInvalidConfig, "'" + address + "' is not an IP address",
                  "set sync.listen to an address of this machine, or leave it out");
    }
    return listen_on(io, {ip, port});
  }
  auto both = listen_on(io, {Tcp::v6(), port});
  if (both || both.error().is(Code::kPortTaken)) return both;
  return listen_on(io, {Tcp::v4(), port});
}

}  // namespace

Result<Tcp::acceptor> listen_for_devices(asio::io_context& io, const std::string& address,
                                         std::uint16_t port, int tried) {
  auto acceptor = listen_anywhere(io, address, port);
  for (int each = 1; each < tried && !acceptor && acceptor.error().is(Code::kPortTaken); ++each)
    acceptor = listen_anywhere(io, address, static_cast<std::uint16_t>(port + each));
  return acceptor;
}

}  // namespace lanyard::agent
