#include "agent/control/control_server.hpp"

#include "agent/clock.hpp"
#include "agent/config_keys.hpp"
#include "agent/control/control_socket.hpp"
#include "agent/control/methods.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {

void dispatch(ControlRoom& room, Request& request, const Reply& reply) {
  const auto all = {data_methods(),    agent_methods(), space_methods(), conflict_methods(),
                    pairing_methods(), token_methods(), app_methods(),   compat_methods()};
  for (const auto methods : all)
    for (const ControlMethod& method : methods)
      if (method.name == request.method) return method.call(room, request.params, reply);
  std::vector<std::string> names;
  for (const auto methods : all)
    for (const ControlMethod& method : methods) names.emplace_back(method.name);
  const auto nearest = nearest_name(request.method, names);
  reply.error(
      Error(Code::kUsage, "there is no method \"" + request.method + "\"",
            nearest ? "Did you mean " + *nearest + "?" : "docs/CONTROL.md lists the methods."));
}

class ControlServer::Impl {
 public:
  Impl(std::unique_ptr<ControlSocket> socket, const Options& options)
      : room_(with_post(options.host, socket->post()), options.ports, options.access_changed),
        socket_(std::move(socket)) {
    room_.config = &options.config;
    room_.started_ms = wall_now().ms;
    room_.sync_port = options.host.network.sync_port();
    room_.api_port = options.api_port;
    room_.to_reception = options.to_reception;
    room_.stop = options.stop;
    room_.compat = options.compat;
  }
  ~Impl() { socket_->stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] DoorNews news() { return room_.news(); }
  void start() {
    socket_->start(
        [this](Request& request, const Reply& reply) { dispatch(room_, request, reply); });
  }

 private:
  ControlRoom room_;
  std::unique_ptr<ControlSocket> socket_;
};

Result<std::unique_ptr<ControlServer>> ControlServer::open(const Options& options) {
  LANYARD_TRY_SET(auto socket, ControlSocket::open(options.config.paths.socket()));
  return std::unique_ptr<ControlServer>(
      new ControlServer(std::make_unique<Impl>(std::move(socket), options)));
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlServer::~ControlServer() = default;
DoorNews ControlServer::news() { return impl_->news(); }
void ControlServer::start() { impl_->start(); }

}  // namespace lanyard::agent
