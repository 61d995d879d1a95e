#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "agent/control/control_client.hpp"
#include "agent/control/control_socket.hpp"
#include "agent/control/socket_address.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/limits.hpp"
#include "tests/unit/agent/temporary_folder.hpp"

using namespace lanyard;
using namespace lanyard::agent;
using namespace std::chrono_literals;
using lanyard::agent::testing::TemporaryFolder;

namespace {

/// A server whose methods are: echo {"text"}, fail, later (answers when told), flood {"lines"},
/// never.
class Server {
 public:
  Server() {
    auto opened = ControlSocket::open(path());
    REQUIRE(opened);
    socket_ = std::move(*opened);
    socket_->start([this](Request& request, const Reply& reply) { serve(request, reply); });
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "agent.sock"; }
  void answer_later() {
    // What is answered makes room for more of them.
    socket_->post()([this] { const std::vector<Reply> answered = std::exchange(later_, {}); });
  }
  void stop() { socket_->stop(); }
  std::atomic<int> closed{0};
  std::atomic<std::size_t> came{0};          ///< requests that are answered later
  std::atomic<std::size_t> most_waiting{0};  ///< of them, at once

 private:
  void serve(Request& request, const Reply& reply) {
    if (request.method == "echo") {
      const auto text = request.params.text("text");
      const Status known = request.params.finish();
      if (!text) return reply.error(text.error());
      if (!known) return reply.error(known.error());
      return reply.result(JsonWriter().begin_object().member("text", *text).end_object().str());
    }
    if (request.method == "fail")
      return reply.error(Error(Code::kNotFound, "no such thing", "look elsewhere"));
    if (request.method == "flood") {
      const auto lines = request.params.integer("lines", 1, 1, 1'000'000);
      const std::string line = "{\"filler\":\"" + std::string(1000, 'x') + "\"}";
      for (std::int64_t i = 0; i < *lines; ++i) reply.progress(line);
      return reply.result("{}");
    }
    if (request.method == "never") {
      reply.on_closed([this] { ++closed; });
      later_.push_back(reply);
    }
    if (request.method == "later") {
      later_.push_back(reply);
      most_waiting = std::max(most_waiting.load(), later_.size());
      ++came;
    }
  }

  TemporaryFolder folder_;
  std::vector<Reply> later_;
  std::unique_ptr<ControlSocket> socket_;
};

/// A client without manners.
class RawClient {
 public:
  explicit RawClient(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = SocketAddress::of(path);
    REQUIRE(address);
    REQUIRE(::connect(socket_, address->address(), address->size()) == 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(socket_); }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// The next line; "closed" at the end, "silence" if none comes in two minutes.
  std::string line() {
    std::size_t searched = 0;
    while (true) {
      const std::size_t end = in_.find('\n', searched);
      if (end != std::string::npos) {
        const std::string out = in_.substr(0, end);
        in_.erase(0, end + 1);
        return out;
      }
      pollfd one{socket_, POLLIN, 0};
      if (poll(&one, 1, 120'000) == 0) return "silence";
      std::array<char, 65536> part;
      const ssize_t got = recv(socket_, part.data(), part.size(), 0);
      if (got <= 0) return "closed";
      searched = in_.size();
      in_.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  void end_input() const { shutdown(socket_, SHUT_WR); }

 private:
  int socket_;
  std::string in_;
};

constexpr const char* kEcho = "{\"id\":7,\"method\":\"echo\",\"params\":{\"text\":\"hi\"}}\n";
constexpr const char* kEchoed = "{\"id\":7,\"result\":{\"text\":\"hi\"}}";

}  // namespace

TEST_CASE("the socket is for its owner alone, and a request gets its answer") {
  Server server;
  struct stat found {};
  REQUIRE(stat(server.path().c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  auto client = ControlClient::connect(server.path(), 120s, {});
  REQUIRE(client);
  CHECK(client->call("echo", "{\"text\":\"\\u00e9\"}") == "{\"text\":\"\xC3\xA9\"}");
  const auto failed = client->call("fail", "{}");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().is(Code::kNotFound));
  CHECK(failed.error().detail == "no such thing");
  CHECK(failed.error().fix == "look elsewhere");
}

TEST_CASE("a socket that a dead agent left is replaced, and gone after an orderly end") {
  std::filesystem::path path;
  {
    Server server;
    path = server.path();
    CHECK(std::filesystem::exists(path));
    server.stop();
    CHECK_FALSE(std::filesystem::exists(path));
  }
  const TemporaryFolder folder;
  const auto stale = folder.file("agent.sock", "not even a socket");
  CHECK(ControlSocket::open(stale));
  const auto nobody = ControlClient::connect(path, 1s, {});
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().is(Code::kNotRunning));
}

TEST_CASE("a data folder may have a longer path than a socket's name") {
  const TemporaryFolder folder;
  const auto deep = folder.path() / std::string(100, 'a') / std::string(100, 'b');
  std::filesystem::create_directories(deep);
  const auto socket = ControlSocket::open(deep / "agent.sock");
  REQUIRE(socket);
  (*socket)->start([](Request&, const Reply& reply) { reply.result("{}"); });
  auto client = ControlClient::connect(deep / "agent.sock", 120s, {});
  REQUIRE(client);
  CHECK(client->call("any", "{}") == "{}");
}

TEST_CASE("a bad line gets a typed error, and the next line its answer") {
  struct Row {
    const char* line;
    const char* answer;  // a part of it
  };
  const Row rows[] = {
      {"hello", "\"id\":null,\"error\":{\"code\":\"LY-A001\""},
      {"{", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"\"text\"", "not a JSON object"},
      {"5", "not a JSON object"},
      {"{}", "there is no id"},
      {"{\"id\":{},\"method\":\"echo\"}", "neither an integer nor a short text"},
      {"{\"id\":1.5,\"method\":\"echo\"}", "neither an integer nor a short text"},
      {"{\"id\":null,\"method\":\"echo\"}", "neither an integer nor a short text"},
      {"{\"id\":1}", "\"id\":1,\"error\""},
      {"{\"id\":1,\"method\":5}", "the method is not a text"},
      {"{\"id\":\"a\",\"method\":null}", "\"id\":\"a\",\"error\""},
      {"{\"id\":1,\"method\":\"echo\",\"params\":[]}", "params is not an object"},
      {"{\"id\":1,\"method\":\"echo\",\"more\":1}", "unknown member"},
      {"{\"id\":1,\"id\":2,\"method\":\"echo\"}", "occurs twice"},
      {"{\"id\":1,\"method\":\"echo\"}", "\\\"text\\\" is missing"},
      {"{\"id\":1,\"method\":\"echo\",\"params\":{\"text\":5}}", "\\\"text\\\" is not a text"},
      {"{\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"a\",\"b\":1}}",
       "\\\"b\\\" is unknown"},
      {"{\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"\xff\"}}", "is not a text"},
      {"{\"id\":1,\"method\":\"flood\",\"params\":{\"lines\":0}}", ""},
      {"\x01\x02\xff", "not a JSON object"},
  };
  Server server;
  RawClient client(server.path());
  for (const Row& row : rows) {
    INFO(row.line);
    if (std::string_view(row.answer).empty()) continue;
    client.send(std::string(row.line) + "\n" + kEcho);
    CHECK_THAT(client.line(), Catch::Contains(row.answer) && Catch::Contains("error"));
    CHECK(client.line() == kEchoed);
  }
  client.send("\n  \r\n\t\n");
  client.send(std::string(kEcho).insert(std::string_view(kEcho).size() - 1, "\r"));
  CHECK(client.line() == kEchoed);
}

TEST_CASE("a line of 8 MiB is read, one byte more is refused, and the connection stays") {
  Server server;
  RawClient client(server.path());
  const std::string begin = "{\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"";
  const std::string end = "\"}}";
  const std::string filler(limits::kControlLineBytesMax - begin.size() - end.size(), 'x');
  client.send(begin + filler + end + "\n");
  CHECK(client.line() == "{\"id\":1,\"result\":{\"text\":\"" + filler + "\"}}");
  for (const std::size_t more : {std::size_t{1}, 9 * limits::kControlLineBytesMax}) {
    std::thread writer(
        [&] { client.send(begin + filler + std::string(more, 'x') + end + "\n" + kEcho); });
    CHECK_THAT(client.line(), Catch::Contains("LY-D003"));
    CHECK(client.line() == kEchoed);
    writer.join();
  }
}

TEST_CASE("half a line is no request, and what was asked before is still answered") {
  Server server;
  RawClient client(server.path());
  client.send(std::string(kEcho) + "{\"id\":8,\"method\":\"echo\",\"par");
  client.end_input();
  CHECK(client.line() == kEchoed);
  CHECK(client.line() == "closed");
  RawClient other(server.path());
  for (const char c : std::string_view(kEcho)) other.send(std::string_view(&c, 1));
  CHECK(other.line() == kEchoed);
}

TEST_CASE("many requests may wait on one connection, and answers come when they are ready") {
  Server server;
  RawClient client(server.path());
  client.send("{\"id\":1,\"method\":\"later\"}\n");
  std::string all;
  for (int i = 0; i < 2000; ++i) all += kEcho;
  std::thread writer([&] { client.send(all); });
  for (int i = 0; i < 2000; ++i) REQUIRE(client.line() == kEchoed);
  writer.join();
  server.answer_later();
  CHECK_THAT(client.line(), Catch::Contains("\"id\":1,\"error\":{\"code\":\"LY-A130\""));
}

TEST_CASE("256 requests of a client are under way, and the next is taken when one is answered") {
  constexpr std::size_t kMax = limits::kLocalWritesWaitingMax / 16;
  for (const std::size_t asked : {kMax, kMax + 1, 10 * kMax}) {
    Server server;
    RawClient client(server.path());
    std::string all;
    for (std::size_t i = 0; i < asked; ++i) all += "{\"id\":1,\"method\":\"later\"}\n";
    client.send(all + kEcho);
    std::size_t refused = 0;
    while (refused < asked) {
      while (server.came < std::min(refused + kMax, asked)) std::this_thread::yield();
      server.answer_later();
      const std::string line = client.line();
      if (refused == 0) REQUIRE_THAT(line, Catch::Contains("LY-A130"));  // and not the last one
      refused += line == kEchoed ? 0 : 1;
    }
    CHECK(server.most_waiting == kMax);
  }
  Server server;
  RawClient client(server.path());
  std::string all;
  for (std::size_t i = 0; i + 1 < kMax; ++i) all += "{\"id\":1,\"method\":\"later\"}\n";
  client.send(all + kEcho);
  CHECK(client.line() == kEchoed);  // there was a place
}

TEST_CASE("a client that does not read is not read from, or is dropped, and others do not notice") {
  Server server;
  RawClient slow(server.path());
  slow.send("{\"id\":1,\"method\":\"flood\",\"params\":{\"lines\":60000}}\n");
  RawClient other(server.path());
  other.send(kEcho);
  CHECK(other.line() == kEchoed);
  // 60 MB of answers for one request: more than any client may leave lying.
  std::string line;
  while ((line = slow.line()) != "closed" && line != "silence") {
    if (line.find("\"result\"") != std::string::npos) break;
  }
  CHECK(line == "closed");
}

TEST_CASE("who leaves is told to those who make a stream for it") {
  Server server;
  {
    RawClient client(server.path());
    client.send(std::string("{\"id\":1,\"method\":\"never\"}\n") + kEcho);
    CHECK(client.line() == kEchoed);
  }
  RawClient other(server.path());
  for (int i = 0; i < 1000 && server.closed == 0; ++i) {
    other.send(kEcho);
    CHECK(other.line() == kEchoed);
  }
  CHECK(server.closed == 1);
}

TEST_CASE("beyond 256 clients one is told to come back") {
  Server server;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < limits::kControlClientsMax; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.path()));
    clients.back()->send(kEcho);
    REQUIRE(clients.back()->line() == kEchoed);
  }
  for (std::size_t i = 0; i < 9 * limits::kControlClientsMax; ++i) {
    RawClient one_more(server.path());
    REQUIRE_THAT(one_more.line(), Catch::Contains("LY-A007"));
    REQUIRE(one_more.line() == "closed");
  }
  clients.front()->send(kEcho);
  CHECK(clients.front()->line() == kEchoed);
}

TEST_CASE("a client gives up in time, and when its person says so") {
  Server server;
  auto client = ControlClient::connect(server.path(), 50ms, {});
  REQUIRE(client);
  const auto late = client->call("later", "{}");
  REQUIRE_FALSE(late);
  CHECK(late.error().is(Code::kUnreachable));
  auto stopped = ControlClient::connect(server.path(), 120s, [] { return true; });
  REQUIRE(stopped);
  const auto ended = stopped->call("later", "{}");
  REQUIRE_FALSE(ended);
  CHECK(ended.error().is(Code::kInterrupted));
}

TEST_CASE("a server that stops closes every connection, and late jobs go nowhere") {
  auto server = std::make_unique<Server>();
  RawClient client(server->path());
  client.send("{\"id\":1,\"method\":\"later\"}\n" + std::string(kEcho));
  CHECK(client.line() == kEchoed);
  server->stop();
  CHECK(client.line() == "closed");
  const TemporaryFolder folder;
  ControlSocket::Post post;
  {
    auto socket = ControlSocket::open(folder.path() / "agent.sock");
    REQUIRE(socket);
    post = (*socket)->post();
    (*socket)->start([](Request&, const Reply&) {});
  }
  bool ran = false;
  post([&ran] { ran = true; });
  post = {};
  CHECK_FALSE(ran);
}

TEST_CASE("a job that waits when a server ends is thrown away with all it holds") {
  const TemporaryFolder folder;
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> is_held = held;
  {
    auto socket = ControlSocket::open(folder.path() / "agent.sock");
    REQUIRE(socket);
    const auto post = (*socket)->post();
    post([post, held = std::move(held)] {});
  }
  CHECK(is_held.expired());
}
