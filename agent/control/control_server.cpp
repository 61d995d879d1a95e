#include "agent/control/control_server.hpp"

#include "agent/clock.hpp"
#include "agent/config_keys.hpp"
#include "agent/control/control_socket.hpp"
#include "agent/control/methods.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {

void dispatch(ControlRoom& room, Request& request, const Reply& reply) {
  const auto all = {data_methods(),     agent_methods(),   space_methods(),
                    conflict_methods(), pairing_methods(), token_methods()};
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
      : room_{options.config,
              ServiceHost{options.storage, options.network, socket->post(), wall_now,
                          options.device, options.config.device_name,
                          options.config.paths.data_dir},
              wall_now().ms,
              options.network.sync_port(),
              options.stop,
              options.ports.hasher,
              options.ports.ciphers,
              options.ports.rng,
              options.access_changed},
        socket_(std::move(socket)) {
    socket_->start(
        [this](Request& request, const Reply& reply) { dispatch(room_, request, reply); });
  }
  ~Impl() { socket_->stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// The job may be kept when this is gone, but is not run then.
  [[nodiscard]] Merged on_merged() {
    return [this, post = room_.host.post](const SpaceId& space, const storage::Touched& touched) {
      post([this, space, touched] { room_.feed.changed(space, touched); });
    };
  }

  void home_moved(const SpaceId& from, const SpaceId& to) {
    room_.host.post([this, from, to] {
      room_.directory.forget_all();
      room_.reads.close(from);
      room_.feed.move(from, to);
      // What tokens may do in the one they may do in the other now.
      if (room_.access_changed) room_.access_changed([] {});
    });
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
ControlServer::Merged ControlServer::on_merged() { return impl_->on_merged(); }
void ControlServer::home_moved(const SpaceId& from, const SpaceId& to) {
  impl_->home_moved(from, to);
}
void ControlServer::changed(const SpaceId& space, const storage::Touched& touched) {
  impl_->on_merged()(space, touched);
}

}  // namespace lanyard::agent
