// Many clients of /v1/live that all hear of what others write at a steady pace: prints how long it
// took from sending each write until each client had its frame, and whether all came.
//   bench_subscribers PORT SUBSCRIBERS GREETING REQUESTS PER_S
//     GREETING   what each client says first, a message on each line; ends in a subscription
//     REQUESTS   as for bench_requests; number N, from 0, writes the record whose key is N
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bench/http_client.hpp"

namespace lanyard::bench {
namespace {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// After so long without a frame, and with every write answered, the rest counts as lost.
constexpr std::chrono::milliseconds kQuiet{5000};
constexpr std::size_t kReadBytes = std::size_t{1} << 16;

// Opcodes of RFC 6455, 11.8.
constexpr unsigned kText = 0x1, kPing = 0x9, kPong = 0xA;

struct Frame {
  unsigned opcode;
  std::string_view payload;
  std::size_t size;  ///< of all of it, in bytes
};

/// The first frame, if it is whole (RFC 6455, 5.2): a server does not mask.
std::optional<Frame> first_frame(std::string_view in) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(in[at]); };
  if (in.size() < 2) return std::nullopt;
  check((byte(0) & 0x80) != 0, "a message in pieces");
  std::size_t length = byte(1);
  const std::size_t wide = length == 127 ? 8 : length == 126 ? 2 : 0;
  if (in.size() < 2 + wide) return std::nullopt;
  if (wide > 0) length = 0;
  for (std::size_t at = 2; at < 2 + wide; ++at) length = length << 8 | byte(at);
  const std::size_t size = 2 + wide + length;
  if (in.size() < size) return std::nullopt;
  return Frame{byte(0) & 0x0FU, in.substr(2 + wide, length), size};
}

/// A client's frame has a mask (RFC 6455, 5.3); zeros mask nothing, which is all that is needed
/// where no proxy is between.
std::string client_frame(unsigned opcode, std::string_view payload) {
  check(payload.size() <= 0xFFFF, "a greeting is too long");
  std::string out(1, static_cast<char>(0x80 | opcode));
  if (payload.size() <= 125) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xFF);
  }
  return out.append(4, '\0').append(payload);
}

class Subscriber {
 public:
  /// Connects, says all that is to be said, and waits until the snapshot is whole.
  Subscriber(const std::string& port, const std::vector<std::string>& greeting)
      : socket_(connect_to_port(port)) {
    send_all(socket_, "GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                          "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n");
    std::string room(kReadBytes, '\0');
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) in_ += receive(socket_, room);
    check(in_.starts_with("HTTP/1.1 101"), "no upgrade");
    in_.erase(0, end + 4);
    for (const std::string& each : greeting) send_all(socket_, client_frame(kText, each));
    bool is_ready = false;
    while (!is_ready) {
      read_messages(room, [&](std::string_view message) {
        if (message.find(R"("type":"error")") != std::string_view::npos)
          throw std::runtime_error(std::string(message));
        is_ready = is_ready || (message.find(R"("type":"snapshot")") != std::string_view::npos &&
                                message.find(R"("more":false)") != std::string_view::npos);
      });
    }
  }
  Subscriber(Subscriber&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}
  Subscriber& operator=(Subscriber&&) = delete;
  ~Subscriber() {
    if (socket_ >= 0) close(socket_);
  }

  [[nodiscard]] int socket() const { return socket_; }

  /// One read, which waits until there is something; then each message that is whole.
  template <typename Take>
  void read_messages(std::string& room, const Take& take) {
    in_ += receive(socket_, room);
    std::size_t taken = 0;
    while (const auto frame = first_frame(std::string_view(in_).substr(taken))) {
      check(frame->opcode == kText || frame->opcode == kPing, "the agent closed a WebSocket");
      if (frame->opcode == kPing) send_all(socket_, client_frame(kPong, frame->payload));
      if (frame->opcode == kText) take(frame->payload);
      taken += frame->size;
    }
    in_.erase(0, taken);
  }

 private:
  int socket_;
  std::string in_;  ///< what has come and is not a whole frame yet
};

/// Sends requests at a steady pace, from as many connections in turn as are needed for one that
/// waits for its answer not to hold up the others.
class Writers {
 public:
  Writers(const std::string& port, const std::vector<std::string>& requests, double per_s)
      : requests_(requests),
        pause_(1.0 / per_s),
        sent_(requests.size()),
        answered_ms_(requests.size()),
        late_ms_(requests.size()) {
    for (int& socket : sockets_) socket = connect_to_port(port);
  }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;
  ~Writers() {
    for (std::thread& each : threads_)
      if (each.joinable()) each.join();
    for (const int socket : sockets_) close(socket);
  }

  void start() {
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < kConnections; ++i)
      threads_[i] = std::thread([this, i, begin] { write_share(i, begin); });
  }
  [[nodiscard]] bool are_done() const { return done_ == kConnections; }
  /// When this request was about to be sent, if it was.
  [[nodiscard]] std::optional<Clock::time_point> sent(std::size_t number) const {
    const std::int64_t at = number < sent_.size() ? sent_[number].load() : 0;
    return at == 0 ? std::nullopt : std::optional(Clock::time_point(nanoseconds(at)));
  }
  /// Waits for the end, and throws what went wrong.
  void finish() {
    for (std::thread& each : threads_) each.join();
    for (const std::exception_ptr& each : problems_)
      if (each) std::rethrow_exception(each);
  }
  /// Once they have finished: of each request, from sending it to its answer, in milliseconds.
  [[nodiscard]] const std::vector<double>& answered_ms() const { return answered_ms_; }
  /// And from when it was due to sending it.
  [[nodiscard]] const std::vector<double>& late_ms() const { return late_ms_; }

 private:
  static constexpr std::size_t kConnections = 16;

  /// Every request whose turn it is on this connection.
  void write_share(std::size_t connection, Clock::time_point begin) {
    try {
      std::string room(kReadBytes, '\0');
      for (std::size_t number = connection; number < requests_.size(); number += kConnections) {
        const auto due =
            begin + std::chrono::duration_cast<nanoseconds>(pause_ * static_cast<double>(number));
        std::this_thread::sleep_until(due);
        const auto now = Clock::now();
        sent_[number] = nanoseconds(now.time_since_epoch()).count();
        send_all(sockets_[connection], requests_[number]);
        std::string answer;
        while (!is_whole_message(answer)) answer += receive(sockets_[connection], room);
        if (!is_success(answer)) throw std::runtime_error(answer);
        answered_ms_[number] = Milliseconds(Clock::now() - now).count();
        late_ms_[number] = Milliseconds(now - due).count();
      }
    } catch (...) {
      problems_[connection] = std::current_exception();
    }
    ++done_;
  }

  const std::vector<std::string>& requests_;
  std::chrono::duration<double> pause_;
  std::vector<std::atomic<std::int64_t>> sent_;  ///< nanoseconds of Clock; 0: not yet
  // Of each request; each connection writes those of its own.
  std::vector<double> answered_ms_, late_ms_;
  std::array<int, kConnections> sockets_{};
  std::array<std::thread, kConnections> threads_;
  std::array<std::exception_ptr, kConnections> problems_;
  std::atomic<std::size_t> done_ = 0;
};

/// Which record a message is about: the number that is its key; nothing for other messages. What
/// people wrote cannot be taken for it: JSON has no quotation mark within a text.
std::optional<std::size_t> number_of_change(std::string_view message) {
  constexpr std::string_view kKey = R"("key":")";
  const std::size_t at = message.find(kKey);
  if (message.find(R"("type":"change")") == std::string_view::npos || at == message.npos)
    return std::nullopt;
  std::size_t number = 0;
  const char* from = message.data() + at + kKey.size();
  const auto [end, error] = std::from_chars(from, message.data() + message.size(), number);
  check(error == std::errc() && *end == '"', "a record with a key that is no number");
  return number;
}

class Listeners {
 public:
  Listeners(const std::string& port, std::size_t count, const std::vector<std::string>& greeting,
            const Writers& writers, std::size_t changes)
      : writers_(writers),
        heard_(count, std::vector<bool>(changes)),
        all_ms_(changes),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_ >= 0, "cannot make an epoll");
    for (std::size_t i = 0; i < count; ++i) {
      epoll_event wish{};
      wish.events = EPOLLIN;
      wish.data.u64 = i;
      const int socket = subscribers_.emplace_back(port, greeting).socket();
      check(epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &wish) == 0, "cannot wait for a socket");
    }
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners() { close(epoll_); }

  /// Until every client has heard of every change, or nothing comes any more.
  void listen() {
    const std::size_t wanted = subscribers_.size() * all_ms_.size();
    std::vector<epoll_event> events(subscribers_.size());
    auto last = Clock::now();
    while (took_ms_.size() < wanted) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                   static_cast<int>(kQuiet.count()));
      check(count >= 0, "cannot wait");
      if (count > 0) last = Clock::now();
      if (count == 0 && writers_.are_done() && Clock::now() - last >= kQuiet) return;
      for (int i = 0; i < count; ++i) hear(events[static_cast<std::size_t>(i)].data.u64);
    }
  }

  /// Milliseconds from a write to each of its frames, in the order in which they came.
  [[nodiscard]] const std::vector<double>& took_ms() const { return took_ms_; }
  /// And of each write to the last of its frames.
  [[nodiscard]] const std::vector<double>& all_ms() const { return all_ms_; }
  /// Frames of what a client had heard of before, which docs/API.md allows.
  [[nodiscard]] std::size_t repeated() const { return repeated_; }

 private:
  void hear(std::size_t who) {
    subscribers_[who].read_messages(room_, [&](std::string_view message) {
      const auto now = Clock::now();
      const auto number = number_of_change(message);
      if (!number) return;
      const auto sent = writers_.sent(*number);
      check(sent.has_value(), "a frame of a change that was not sent");
      if (heard_[who][*number]) {
        ++repeated_;
        return;
      }
      heard_[who][*number] = true;
      took_ms_.push_back(Milliseconds(now - *sent).count());
      all_ms_[*number] = std::max(all_ms_[*number], took_ms_.back());
    });
  }

  const Writers& writers_;
  std::vector<Subscriber> subscribers_;
  std::vector<std::vector<bool>> heard_;  ///< of each client, by the number of the change
  std::vector<double> took_ms_, all_ms_;
  std::size_t repeated_ = 0;
  std::string room_ = std::string(kReadBytes, '\0');
  int epoll_;
};

/// The smallest of the values that `percent` of them do not exceed; 0 if there are none.
double percentile(std::vector<double> values, std::size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[(values.size() * percent + 99) / 100 - 1];
}

void run(char** words) {
  const std::string port = words[1];
  const auto count = std::max(1UL, std::strtoul(words[2], nullptr, 10));
  const auto greeting = lines_in(words[3]);
  const auto requests = requests_in(words[4]);
  Writers writers(port, requests, std::stod(words[5]));
  Listeners listeners(port, count, greeting, writers, requests.size());
  const auto start = Clock::now();
  writers.start();
  listeners.listen();
  writers.finish();
  const std::chrono::duration<double> seconds = Clock::now() - start;
  std::printf(
      "{\"subscribers\":%zu,\"frames\":%zu,\"expected\":%zu,\"repeated\":%zu,"
      "\"seconds\":%.3f",
      count, listeners.took_ms().size(), count * requests.size(), listeners.repeated(),
      seconds.count());
  const auto print = [](const char* name, const std::vector<double>& values) {
    std::printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f", name, percentile(values, 50), name,
                percentile(values, 99));
  };
  print("shown", listeners.took_ms());
  print("shown_to_all", listeners.all_ms());
  print("answered", writers.answered_ms());
  print("late", writers.late_ms());
  std::printf("}\n");
}

}  // namespace
}  // namespace lanyard::bench

int main(int count, char** words) {
  using namespace lanyard::bench;
  try {
    check(count == 6, "usage: bench_subscribers PORT SUBSCRIBERS GREETING REQUESTS PER_S");
    run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_subscribers: %s\n", error.what());
    return 1;
  }
}
