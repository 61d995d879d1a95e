#include "agent/control/control_socket.hpp"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <thread>

#include "agent/control/control_connection.hpp"
#include "agent/control/peer_process.hpp"
#include "agent/control/socket_address.hpp"
#include "agent/logging.hpp"
#include "agent/net.hpp"
#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"

namespace lanyard::agent {
namespace {

using Stream = asio::local::stream_protocol;

/// How long stop() lets answers go out that are ready.
constexpr std::chrono::milliseconds kStopWithin{500};
/// How long nobody is let in after the system had no descriptor left.
constexpr std::chrono::milliseconds kAcceptPause{100};

/// Why a process is not let in; null for one of this user, and of root, that is no child of ours.
const char* why_refused(Stream::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != geteuid() && peer.uid != 0))
    return "a process of another user tried to use the control socket";
  // One of another name space for processes has no number here, and is no child of ours. Processes
  // of root may be hidden from this user, and are none either.
  const bool may_be_hidden = peer.uid == 0 && geteuid() != 0;
  if (peer.pid != 0 && is_confined_child(peer.pid, !may_be_hidden))
    return "a discovery process of this agent tried to use the control socket: somebody on the "
           "network may have taken it over";
  return nullptr;
}

tl::unexpected<Error> cannot(const std::string& what, const std::filesystem::path& socket) {
  return fail(errno == ENOSPC ? Code::kDiskFull : Code::kReadOnly,
              what + " " + socket.string() + ": " + std::generic_category().message(errno),
              "Make the data folder writable, or choose another one.");
}

Result<int> bind_socket(const std::filesystem::path& socket) {
  LANYARD_TRY_SET(const SocketAddress address, SocketAddress::of(socket));
  if (unlink(address.path()) != 0 && errno != ENOENT) return cannot("cannot replace", socket);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return cannot("cannot make", socket);
  // Between bind and chmod only SO_PEERCRED stands before the socket, as it does afterwards.
  if (bind(listener, address.address(), address.size()) != 0 || chmod(address.path(), 0600) != 0 ||
      listen(listener, 128) != 0) {
    const auto failed = cannot("cannot listen on", socket);
    close(listener);
    return failed;
  }
  return listener;
}

}  // namespace

class ControlSocket::Impl {
 public:
  Impl(int listener, std::filesystem::path socket)
      : shared_io_(std::make_shared<asio::io_context>(1)),
        io_(*shared_io_),
        work_(asio::make_work_guard(io_)),
        acceptor_(io_, Stream(), listener),
        timer_(io_),
        socket_(std::move(socket)) {}

  void start(Dispatch dispatch) {
    dispatch_ = std::move(dispatch);
    accept();
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "control");
      io_.run();
    });
  }

  [[nodiscard]] Post post() const {
    return [weak_io = std::weak_ptr(shared_io_)](std::function<void()> job) {
      if (const auto io = weak_io.lock()) asio::post(*io, std::move(job));
    };
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { begin_stop(); });
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove(socket_, ignored);
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const asio::error_code& error, Stream::socket socket) {
      on_accept(error, std::move(socket));
    });
  }

  void on_accept(const asio::error_code& error, Stream::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) {
      timer_.expires_after(kAcceptPause);
      timer_.async_wait([this](const asio::error_code& stopped) {
        if (!stopped && acceptor_.is_open()) accept();
      });
      return;
    }
    if (const char* why = why_refused(socket)) {
      log_warning(why);
    } else if (const std::size_t most = clients_max(); connections_.size() >= most) {
      refuse(socket, most);
    } else {
      take(std::move(socket));
    }
    accept();
  }

  static std::size_t clients_max() {
    return storage::within_descriptors(4, limits::kControlClientsMax);
  }

  static void refuse(Stream::socket& socket, std::size_t most) {
    const std::string line = error_line(
        "null", Error(Code::kBusy, "there are " + std::to_string(most) + " clients already",
                      most < limits::kControlClientsMax ? storage::kMoreDescriptors
                                                        : "Try again in a moment."));
    asio::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(line), ignored);
  }

  void take(Stream::socket socket) {
    auto connection = std::make_shared<ControlConnection>(
        std::move(socket),
        [this](Request& request, const Reply& reply) { dispatch_(request, reply); },
        [this](const ControlConnection* closed) { connections_.erase(closed); });
    connections_.emplace(connection.get(), connection);
    connection->start();
  }

  void begin_stop() {
    asio::error_code ignored;
    acceptor_.close(ignored);
    timer_.expires_after(kStopWithin);
    timer_.async_wait([this](const asio::error_code&) { end_stop(); });
    if (waiting_bytes() == 0)
      end_stop();
    else
      poll_stop();
  }

  /// Ends as soon as nothing waits to be sent.
  void poll_stop() {
    if (io_.stopped()) return;
    if (waiting_bytes() == 0) return end_stop();
    asio::post(io_, [this] { poll_stop(); });
  }

  [[nodiscard]] std::size_t waiting_bytes() const {
    std::size_t out = 0;
    for (const auto& [key, connection] : connections_) out += connection->waiting_bytes();
    return out;
  }

  void end_stop() {
    const auto connections = connections_;
    for (const auto& [key, connection] : connections) connection->close();
    work_.reset();
    io_.stop();
  }

  // Callers of post() may outlive this. They hold it weakly: a job that waits in it may hold them.
  std::shared_ptr<asio::io_context> shared_io_;
  asio::io_context& io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Stream::acceptor acceptor_;
  asio::steady_timer timer_;
  std::filesystem::path socket_;
  Dispatch dispatch_;
  std::map<const ControlConnection*, std::shared_ptr<ControlConnection>> connections_;
  std::thread thread_;
};

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::filesystem::path& socket) {
  LANYARD_TRY_SET(const int listener, bind_socket(socket));
  return std::unique_ptr<ControlSocket>(
      new ControlSocket(std::make_unique<Impl>(listener, socket)));
}

ControlSocket::ControlSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlSocket::~ControlSocket() { impl_->stop(); }
void ControlSocket::start(Dispatch dispatch) { impl_->start(std::move(dispatch)); }
ControlSocket::Post ControlSocket::post() const { return impl_->post(); }
void ControlSocket::stop() { impl_->stop(); }

}  // namespace lanyard::agent
