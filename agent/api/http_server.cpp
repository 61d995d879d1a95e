#include "agent/api/http_server.hpp"

#include <pthread.h>

#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "agent/api/http_connection.hpp"
#include "agent/api/http_strangers.hpp"
#include "agent/memory_limit.hpp"
#include "replication/types/limits.hpp"
#include "storage/descriptors.hpp"

namespace lanyard::agent {
namespace {

/// How long nobody is let in after the system had no descriptor left.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// How often those who wait for a place are thought of, where no connection ends.
constexpr std::chrono::milliseconds kLookEvery{100};

Error loopback_error(const NetError& error, const std::string& address, std::uint16_t port) {
  const std::string place = address + ", port " + std::to_string(port);
  if (error == net::error::address_in_use)
    return Error(Code::kPortTaken, place + " is in use by another program",
                 "choose another with --api-port or api.port, or stop that program "
                 "(ss -ltnp shows it)");
  if (error == net::error::access_denied)
    return Error(Code::kInvalidConfig, place + " is one that this user may not listen on",
                 "choose one of 1024 or above with --api-port or api.port");
  return Error(Code::kInvalidConfig, "cannot listen on " + place + ": " + error.message(),
               "set api.listen to loopback addresses of this machine, or leave it out");
}

/// Jobs from other threads, which wake the api thread once for all that came since it last looked:
/// a group of writes is answered with one wake-up.
class JobQueue {
 public:
  /// From any thread.
  void add(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty()) net::post(io_, [this] { run(); });
    jobs_.push_back(std::move(job));
  }
  /// What the api thread runs.
  net::io_context& io() { return io_; }

 private:
  void run() {
    std::vector<std::function<void()>> jobs;
    {
      const std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
    }
    for (std::function<void()>& job : jobs) std::exchange(job, nullptr)();
  }

  net::io_context io_{1};
  std::mutex mutex_;
  std::vector<std::function<void()>> jobs_;  // under mutex_
};

/// A port with its desk, and who came in by it. Its handlers run on the api thread and name it: it
/// is kept until that thread has ended.
class HttpDoor {
 public:
  HttpDoor(net::io_context& io, std::shared_ptr<MemoryBudget> bodies,
           std::shared_ptr<MemoryBudget> answers, StrangerDesk& strangers)
      : io_(io), strangers_(strangers), look_(io) {
    host_.bodies = std::move(bodies);
    host_.answers = std::move(answers);
    host_.closed = [this](const LoopbackConnection* closed) {
      connections_.erase(closed);
      if (!held_.empty()) net::post(io_, [this] { let_in(); });
    };
    host_.owner_of = [this](const LoopbackTcp::socket& socket) {
      return strangers_.owner_of(socket);
    };
    host_.is_waited_for = [this] { return !held_.empty(); };
    host_.replaced = [this](const LoopbackConnection* before,
                            std::shared_ptr<LoopbackConnection> now) {
      auto place = connections_.extract(before);
      place.key() = now.get();
      place.mapped().connection = std::move(now);
      connections_.insert(std::move(place));
    };
  }

  /// On all addresses, or on none. A machine without IPv6 has no ::1, and needs none.
  Status listen(const std::vector<std::string>& addresses, std::uint16_t port) {
    acceptors_.clear();
    std::optional<Error> missing;
    for (const std::string& address : addresses) {
      Status listens = listen_on(address, acceptors_.empty() ? port : this->port());
      if (listens) continue;
      if (listens.error().is(Code::kPortTaken)) {
        acceptors_.clear();
        return listens;
      }
      missing = listens.error();
    }
    return acceptors_.empty() && missing ? fail(*missing) : Status();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptors_.front().local_endpoint().port(); }

  void serve(HttpServer::Desk desk, HttpServer::Manners manners) {
    host_.desk = std::move(desk);
    host_.manners = std::move(manners);
    host_.manners.connections_max = storage::within_descriptors(4, host_.manners.connections_max);
    host_.waiting_max = host_.manners.connections_max / 2;
    for (auto& acceptor : acceptors_) accept(acceptor);
  }

  void shut() {
    NetError ignored;
    for (auto& acceptor : acceptors_) acceptor.close(ignored);
    held_.clear();
    const auto connections = connections_;
    for (const auto& [key, guest] : connections) guest.connection->close();
  }

 private:
  Status listen_on(const std::string& address, std::uint16_t port) {
    NetError error;
    const auto ip = net::ip::make_address(address, error);
    if (error || !ip.is_loopback())
      return fail(Code::kInvalidConfig, "'" + address + "' is not a loopback address",
                  "set api.listen to 127.0.0.1 or ::1: this machine alone may speak to it");
    LoopbackTcp::acceptor acceptor(io_);
    const LoopbackTcp::endpoint endpoint(ip, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error && ip.is_v6()) acceptor.set_option(net::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (error) return fail(loopback_error(error, address, port));
    acceptors_.push_back(std::move(acceptor));
    return {};
  }

  void accept(LoopbackTcp::acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](const NetError& error, LoopbackTcp::socket socket) {
      on_accept(acceptor, error, std::move(socket));
    });
  }

  void on_accept(LoopbackTcp::acceptor& acceptor, const NetError& error,
                 LoopbackTcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (error) {
      auto timer = std::make_shared<net::steady_timer>(io_, kAcceptPause);
      return timer->async_wait([this, timer, &acceptor](const NetError&) { accept(acceptor); });
    }
    const auto user = strangers_.who_may_enter(socket);
    if (!user || !may_have_place(*user)) {
      strangers_.send_away(std::move(socket), user, host_.manners);
      return accept(acceptor);
    }
    held_.push_back({acceptor, std::move(socket), *user});
    let_in();
  }

  /// Another user who was allowed has a quarter of the places, so that the others are left.
  [[nodiscard]] bool may_have_place(std::uint32_t user) const {
    if (strangers_.is_own(user)) return true;
    const auto has = std::count_if(connections_.begin(), connections_.end(),
                                   [&](const auto& each) { return each.second.user == user; });
    return static_cast<std::size_t>(has) < (host_.manners.connections_max + 3) / 4;
  }

  /// Those that wait, as long as there is or can be made room; the others are looked at again when
  /// a connection ends, and soon. Behind them further ones wait in the system's queue.
  void let_in() {
    while (!held_.empty()) {
      if (connections_.size() >= host_.manners.connections_max) make_room();
      if (connections_.size() >= host_.manners.connections_max) return look_again();
      Held next = std::move(held_.front());
      held_.pop_front();
      take(std::move(next.socket), next.user);
      accept(next.acceptor);
    }
  }

  void look_again() {
    if (std::exchange(is_looking_, true)) return;
    look_.expires_after(kLookEvery);
    look_.async_wait([this](const NetError& error) {
      is_looking_ = false;
      if (!error) let_in();
    });
  }

  /// Somebody who opens connections and says nothing keeps nobody out.
  void make_room() {
    std::shared_ptr<LoopbackConnection> oldest;
    for (const auto& [key, guest] : connections_)
      if (guest.connection->is_idle() && (!oldest || guest.connection->since() < oldest->since()))
        oldest = guest.connection;
    if (oldest) oldest->close();
  }

  void take(LoopbackTcp::socket socket, std::uint32_t user) {
    NetError ignored;
    socket.set_option(LoopbackTcp::no_delay(true), ignored);
    auto connection = std::make_shared<HttpConnection>(std::move(socket), host_);
    connections_[connection.get()] = {connection, user};
    connection->start();
  }

  /// Who was accepted while every place was taken: at most one of each acceptor, which accepts
  /// nobody else meanwhile.
  struct Held {
    LoopbackTcp::acceptor& acceptor;
    LoopbackTcp::socket socket;
    std::uint32_t user = 0;
  };
  struct Guest {
    std::shared_ptr<LoopbackConnection> connection;
    std::uint32_t user = 0;
  };

  net::io_context& io_;
  StrangerDesk& strangers_;
  std::deque<LoopbackTcp::acceptor> acceptors_;
  HttpHost host_;
  std::deque<Held> held_;
  net::steady_timer look_;
  bool is_looking_ = false;
  std::map<const LoopbackConnection*, Guest> connections_;
};

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(AllowedUsers users)
      : jobs_(std::make_shared<JobQueue>()), io_(jobs_->io()), strangers_(io_, std::move(users)) {
    MemoryBudget::Options options;
    options.bytes = share_of_memory(memory_limits(), kBodiesMemoryMax);
    options.wait_max = kMemoryWaitMax;
    options.hold_max = kBodyTimeMax;
    options.post = post();
    options.after = after();
    options.is_there = is_memory_there;
    bodies_ = MemoryBudget::make(options);
    options.bytes = std::min(options.bytes, kAnswersMemoryMax);
    options.is_there = [](std::uint64_t) { return true; };  // they are there
    answers_ = MemoryBudget::make(options);
    doors_.push_back(std::make_unique<HttpDoor>(io_, bodies_, answers_, strangers_));
  }

  Status listen(const std::vector<std::string>& addresses, std::uint16_t port) {
    return doors_.front()->listen(addresses, port);
  }

  [[nodiscard]] std::uint16_t port() const { return doors_.front()->port(); }

  void start(Desk desk, const Manners& manners) {
    doors_.front()->serve(std::move(desk), manners);
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "api");
      io_.run();
    });
  }

  Result<Shut> serve(const std::vector<std::string>& addresses, std::uint16_t port,
                     const Manners& manners, Desk desk) {
    auto door = std::make_unique<HttpDoor>(io_, bodies_, answers_, strangers_);
    LANYARD_TRY(door->listen(addresses, port));
    door->serve(std::move(desk), manners);
    doors_.push_back(std::move(door));
    return Shut([door = doors_.back().get()] { door->shut(); });
  }

  [[nodiscard]] const std::shared_ptr<MemoryBudget>& bodies() const { return bodies_; }

  [[nodiscard]] Post post() const {
    return [weak_jobs = std::weak_ptr(jobs_)](std::function<void()> job) {
      if (const auto jobs = weak_jobs.lock()) jobs->add(std::move(job));
    };
  }

  [[nodiscard]] After after() const {
    return [post = post(), &io = io_](std::chrono::milliseconds time, std::function<void()> job) {
      post([&io, time, job = std::move(job)] {
        auto timer = std::make_shared<net::steady_timer>(io, time);
        timer->async_wait([timer, job](const NetError& error) {
          if (!error) job();
        });
      });
    };
  }

  void stop() {
    if (!thread_.joinable()) return;
    net::post(io_, [this] { end(); });
    thread_.join();
  }

 private:
  void end() {
    for (const auto& door : doors_) door->shut();
    io_.stop();
  }

  // Callers of post() may outlive this. They hold it weakly: a job that waits in it may hold them.
  std::shared_ptr<JobQueue> jobs_;
  net::io_context& io_;
  StrangerDesk strangers_;
  std::shared_ptr<MemoryBudget> bodies_;
  std::shared_ptr<MemoryBudget> answers_;
  std::deque<std::unique_ptr<HttpDoor>> doors_;  // that of the API, then those of serve()
  std::thread thread_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(const Options& options) {
  auto impl = std::make_unique<Impl>(options.users);
  Status listens = impl->listen(options.addresses, options.port);
  for (int tried = 1; tried < options.ports_tried && !listens; ++tried) {
    if (!listens.error().is(Code::kPortTaken)) break;
    const int next = options.port == 0 ? 0 : options.port + tried;
    listens = impl->listen(options.addresses, static_cast<std::uint16_t>(next));
  }
  if (!listens) return fail(listens.error());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::start(Desk desk, const Manners& manners) {
  impl_->start(std::move(desk), manners);
}
HttpServer::Post HttpServer::post() const { return impl_->post(); }
HttpServer::After HttpServer::after() const { return impl_->after(); }
const std::shared_ptr<MemoryBudget>& HttpServer::bodies() const { return impl_->bodies(); }
Result<HttpServer::Shut> HttpServer::serve(const std::vector<std::string>& addresses,
                                           std::uint16_t port, const Manners& manners, Desk desk) {
  return impl_->serve(addresses, port, manners, std::move(desk));
}
void HttpServer::stop() { impl_->stop(); }

}  // namespace lanyard::agent
