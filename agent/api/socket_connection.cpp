#include "agent/api/socket_connection.hpp"

#include <array>
#include <boost/beast/websocket.hpp>
#include <deque>

#include "agent/build_info.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::agent {
namespace {

namespace websocket = beast::websocket;

/// Without a sign of life; a ping is sent after half of it.
constexpr std::chrono::seconds kIdleMax{60};
constexpr std::chrono::seconds kHandshakeMax{10};
/// For the answer to a close. Well before Beast's own timer, which would end the read under us.
constexpr std::chrono::seconds kGoodbyeMax{5};
static_assert(kGoodbyeMax < kHandshakeMax);
/// How long what a client is still sending is taken, so that it gets to reading why it is sent
/// away: without a byte, and in all.
constexpr std::chrono::seconds kLingerPause{2};
constexpr std::chrono::seconds kLingerMax{30};
constexpr std::uint16_t kPolicyViolation = 1008;  // RFC 6455, 7.4.1
constexpr std::size_t kLingerBytes = 64 * limits::kKiB;
/// A large message goes in fragments of so much; pings and a close pass between them.
constexpr std::size_t kFragmentBytes = 64 * limits::kKiB;
/// What is read of a message at once.
constexpr std::size_t kReadBytes = 64 * limits::kKiB;
constexpr std::uint16_t kTryAgainLater = 1013;  // IANA, WebSocket Close Code Number Registry
/// What a large message needed goes back.
constexpr std::size_t kBufferKept = 64 * limits::kKiB;

/// The end of a WebSocket is ours to see to: Beast 1.74 closes the socket with the first bytes that
/// come after a close, which resets it under a client that has not read the close yet.
class LingeringStream : public beast::tcp_stream {
 public:
  explicit LingeringStream(beast::tcp_stream&& stream) : beast::tcp_stream(std::move(stream)) {}
};

/// What Beast calls for it (found by its name and argument).
template <class Done>
void async_teardown(beast::role_type, LingeringStream& stream, Done&& done) {
  NetError error;
  stream.socket().shutdown(LoopbackTcp::socket::shutdown_send, error);
  net::post(stream.get_executor(), beast::bind_front_handler(std::forward<Done>(done), error));
}

class SocketConnection : public std::enable_shared_from_this<SocketConnection>,
                         public LoopbackConnection,
                         public SocketLine {
 public:
  SocketConnection(beast::tcp_stream stream, const HttpHost& host);

  using Upgrade = std::function<std::shared_ptr<SocketTalk>(std::shared_ptr<SocketLine>)>;
  void start(http::request<http::buffer_body> request, const Upgrade& upgrade);

  // ---- LoopbackConnection
  void close() override;
  /// Who has not said yet who it is, or was sent away, makes room like an idle connection.
  [[nodiscard]] bool is_idle() const override;
  [[nodiscard]] std::chrono::steady_clock::time_point since() const override { return since_; }

  // ---- SocketLine
  void send(std::string message) override;
  [[nodiscard]] bool is_full() const override;
  void close(std::uint16_t code, std::string reason) override;
  void close_within(std::optional<std::chrono::milliseconds> time) override;
  [[nodiscard]] std::shared_ptr<void> hold_reading() override;

 private:
  void read();
  void let_go();
  void on_read(const NetError& error);
  void end_read(const NetError& error);
  void read_on();
  void on_reserved(MemoryBudget::Reservation memory);
  void end_wait();
  void take(const std::string& message);
  void write_next();
  void on_written(const NetError& error);
  void end_within(std::chrono::milliseconds time);
  void after(std::chrono::milliseconds time, void (*then)(SocketConnection&));
  void say_goodbye();
  void leave();
  void linger();
  void drain();
  [[nodiscard]] bool may_read() const {
    return holds_ == 0 && !is_reading_ && !scratch_ && !is_full();
  }

  websocket::stream<LingeringStream> stream_;
  const HttpHost& host_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  http::request<http::buffer_body> request_;
  std::shared_ptr<SocketTalk> talk_;
  /// Of the message that is being read, or was and is being worked on.
  MemoryBudget::Reservation memory_;
  std::size_t reserved_ = 0;  ///< bytes of a message that it is for
  std::uint64_t wait_ = 0;    ///< for it; 0: none
  net::steady_timer deadline_;
  beast::flat_buffer in_;
  std::deque<std::string> out_;
  std::size_t waiting_bytes_ = 0;
  bool is_writing_ = false;
  std::optional<websocket::close_reason> goodbye_;
  bool is_on_trial_ = false;  ///< it has a deadline
  bool is_reading_ = false;
  std::size_t holds_ = 0;  ///< how many keep it from reading
  bool is_closed_ = false;
  /// Where what is thrown away is read to, from the last word on.
  std::unique_ptr<std::array<char, kLingerBytes>> scratch_;
  std::chrono::steady_clock::time_point lingers_until_;
};

bool SocketConnection::is_idle() const {
  if (scratch_ || !is_on_trial_) return scratch_ != nullptr;
  NetError error;
  const bool says_something = beast::get_lowest_layer(stream_).socket().available(error) > 0;
  return !says_something && std::chrono::steady_clock::now() - since_ > kQuietMax;
}

bool SocketConnection::is_full() const { return waiting_bytes_ > line_room(host_.lines_waiting); }

SocketConnection::SocketConnection(beast::tcp_stream stream, const HttpHost& host)
    : stream_(LingeringStream(std::move(stream))),
      host_(host),
      deadline_(stream_.get_executor()),
      in_(host.manners.message_max + 1) {
  stream_.set_option(websocket::stream_base::timeout{kHandshakeMax, kIdleMax, true});
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
    response.set(http::field::server, std::string("lanyard/") + kBuild);
  }));
  stream_.read_message_max(host.manners.message_max);
  stream_.write_buffer_bytes(kFragmentBytes);
}

void SocketConnection::start(http::request<http::buffer_body> request, const Upgrade& upgrade) {
  request_ = std::move(request);
  talk_ = upgrade(shared_from_this());
  stream_.async_accept(request_, [self = shared_from_this()](const NetError& error) {
    if (self->is_closed_) return;
    if (error) return self->close();
    self->talk_->on_open();
    self->read();
  });
}

void SocketConnection::close() {
  if (std::exchange(is_closed_, true)) return;
  NetError ignored;
  deadline_.cancel();
  end_wait();
  beast::get_lowest_layer(stream_).socket().close(ignored);
  leave();
  host_.closed(this);
}

void SocketConnection::leave() {
  out_.clear();
  host_.lines_waiting -= std::exchange(waiting_bytes_, 0);
  if (const auto talk = std::exchange(talk_, nullptr)) talk->on_closed();
}

// ---- reading

/// The next message. Who does not take what waits for it is not asked for more: its answers would
/// only wait, too.
void SocketConnection::read() {
  if (is_closed_ || !may_read()) return;
  memory_.reset();
  reserved_ = 0;
  is_reading_ = true;
  read_on();
}

void SocketConnection::read_on() {
  stream_.async_read_some(
      in_, kReadBytes,
      [self = shared_from_this()](const NetError& error, std::size_t) { self->on_read(error); });
}

/// A message that is not small is read on once there is memory for all that is known of it: the
/// whole, where it comes as one frame.
void SocketConnection::on_read(const NetError& error) {
  if (error || is_closed_ || scratch_ || stream_.is_message_done()) return end_read(error);
  if (goodbye_) return;  // what closes it reads the rest, and throws it away
  const std::size_t known = in_.size() + stream_.read_size_hint(1);
  if (known <= kSmallBody || known <= reserved_) return read_on();
  // One of many frames shows its size as it comes: nothing is kept of what it had while it waits.
  reserved_ =
      reserved_ == 0 ? known : std::max(known, std::min(2 * reserved_, host_.manners.message_max));
  memory_.reset();
  const std::uint64_t bytes = reserved_ * host_.manners.message_memory;
  if (auto now = host_.bodies->try_reserve(bytes)) return on_reserved(std::move(now));
  if (host_.waiting >= host_.waiting_max) return on_reserved(nullptr);
  ++host_.waiting;
  wait_ = host_.bodies->wait_for(bytes, [weak = weak_from_this()](MemoryBudget::Reservation got) {
    const auto self = weak.lock();
    if (!self || self->wait_ == 0) return;
    self->end_wait();
    self->on_reserved(std::move(got));
  });
}

void SocketConnection::on_reserved(MemoryBudget::Reservation memory) {
  if (is_closed_ || scratch_ || goodbye_) return;
  if (!memory)
    return close(kTryAgainLater, "no memory for this message now: send it again, or smaller ones");
  memory_ = std::move(memory);
  host_.bodies->may_give_way(memory_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->is_reading_)
      self->close(kTryAgainLater, "the message came too slowly, and others wait for its memory");
  });
  read_on();
}

void SocketConnection::end_wait() {
  if (wait_ == 0) return;
  host_.bodies->cancel(std::exchange(wait_, 0));
  --host_.waiting;
}

void SocketConnection::end_read(const NetError& error) {
  is_reading_ = false;
  if (is_closed_) return;
  if (scratch_) return;
  if (error && goodbye_) return;  // whoever says it sees to the rest
  if (error) return linger();     // Beast has said why, where there is anything to say
  host_.bodies->may_give_way(memory_, nullptr);
  const std::string message = beast::buffers_to_string(in_.data());
  in_.consume(in_.size());
  if (in_.capacity() > kBufferKept) in_.shrink_to_fit();
  take(message);
  read();  // who is sent away has still to answer the close
}

std::shared_ptr<void> SocketConnection::hold_reading() {
  ++holds_;
  const auto let_go = [self = weak_from_this(), executor = stream_.get_executor()](void*) {
    net::post(executor, [self] {
      if (const auto connection = self.lock()) connection->let_go();
    });
  };
  return {static_cast<void*>(nullptr), let_go};
}

void SocketConnection::let_go() {
  --holds_;
  read();
}

void SocketConnection::take(const std::string& message) {
  if (goodbye_) return;
  if (!stream_.got_text()) return close(1003, "text messages only");
  // Beast 1.74 overlooks a character that the last fragment with any bytes cuts off.
  if (!is_utf8(as_bytes(message))) return close(1007, "text messages are UTF-8");
  talk_->on_text(message);
}

// ---- writing

void SocketConnection::send(std::string message) {
  if (is_closed_ || goodbye_ || scratch_) return;
  waiting_bytes_ += message.size();
  host_.lines_waiting += message.size();
  out_.push_back(std::move(message));
  write_next();
}

void SocketConnection::write_next() {
  if (is_closed_ || is_writing_) return;
  if (out_.empty()) return goodbye_ ? say_goodbye() : void();
  is_writing_ = true;
  stream_.text(true);
  stream_.async_write(
      net::buffer(out_.front()),
      [self = shared_from_this()](const NetError& error, std::size_t) { self->on_written(error); });
}

void SocketConnection::on_written(const NetError& error) {
  is_writing_ = false;
  if (is_closed_ || scratch_) return;
  if (error) return close();
  waiting_bytes_ -= out_.front().size();
  host_.lines_waiting -= out_.front().size();
  out_.pop_front();
  if (out_.empty() && !goodbye_) talk_->on_drained();
  write_next();
  read();
}

// ---- the end

void SocketConnection::close(std::uint16_t code, std::string reason) {
  if (is_closed_ || goodbye_ || scratch_) return;
  goodbye_.emplace(code);
  goodbye_->reason = beast::string_view(reason.data(), std::min<std::size_t>(reason.size(), 123));
  end_within(kGoodbyeMax);
  write_next();
}

void SocketConnection::say_goodbye() {
  is_writing_ = true;
  stream_.async_close(*goodbye_, [self = shared_from_this()](const NetError&) { self->linger(); });
}

/// Nothing more is said. Closed while bytes wait to be read, the connection would be reset, and the
/// client might never see what was said last.
void SocketConnection::linger() {
  if (is_closed_ || scratch_) return;
  scratch_ = std::make_unique<std::array<char, kLingerBytes>>();
  since_ = std::chrono::steady_clock::now();
  lingers_until_ = since_ + kLingerMax;
  leave();
  NetError error;
  auto& socket = beast::get_lowest_layer(stream_).socket();
  socket.shutdown(LoopbackTcp::socket::shutdown_send, error);
  error ? close() : drain();
}

void SocketConnection::drain() {
  if (std::chrono::steady_clock::now() > lingers_until_) return close();
  end_within(kLingerPause);
  beast::get_lowest_layer(stream_).async_read_some(
      net::buffer(*scratch_), [self = shared_from_this()](const NetError& error, std::size_t) {
        if (self->is_closed_) return;
        error ? self->close() : self->drain();
      });
}

void SocketConnection::close_within(std::optional<std::chrono::milliseconds> time) {
  if (goodbye_ || scratch_) return;  // those have deadlines of their own
  is_on_trial_ = time.has_value();
  if (!time) {
    deadline_.cancel();
    return;
  }
  after(*time, [](SocketConnection& self) {
    self.close(kPolicyViolation, "who speaks was not said in time");
  });
}

void SocketConnection::end_within(std::chrono::milliseconds time) {
  after(time, [](SocketConnection& self) { self.close(); });
}

/// Instead of what was to be done before.
void SocketConnection::after(std::chrono::milliseconds time, void (*then)(SocketConnection&)) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = weak_from_this(), then](const NetError& error) {
    const auto connection = self.lock();
    if (!error && connection) then(*connection);
  });
}

}  // namespace

std::shared_ptr<LoopbackConnection> start_socket(
    beast::tcp_stream stream, const HttpHost& host, http::request<http::buffer_body> request,
    const std::function<std::shared_ptr<SocketTalk>(std::shared_ptr<SocketLine>)>& upgrade) {
  auto socket = std::make_shared<SocketConnection>(std::move(stream), host);
  socket->start(std::move(request), upgrade);
  return socket;
}

}  // namespace lanyard::agent
