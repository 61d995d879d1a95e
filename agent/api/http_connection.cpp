#include "agent/api/http_connection.hpp"

#include "agent/api/socket_connection.hpp"
#include "replication/types/check.hpp"

/// Reading requests; answering is http_connection_answer.cpp.
namespace lanyard::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Between two requests; a page keeps its connections open.
constexpr seconds kIdleMax{120};
constexpr seconds kHeadMax{10};
/// Without a byte of the body.
constexpr seconds kStallMax{20};
/// A body is not to drip in for ever either.
constexpr seconds kSlowFrom{30};
constexpr std::uint64_t kSlowestBytesPerSecond = 1024;
/// Bytes behind a head that are read with it.
constexpr std::size_t kReadWithHead = 16 * 1024;
constexpr std::size_t kRestMax = kHeadBytesMax + kReadWithHead + 64 * 1024;

bool is_about_http(const NetError& error) {
  return error.category() == http::make_error_code(http::error::bad_chunk).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

HttpConnection::HttpConnection(LoopbackTcp::socket socket, const HttpHost& host)
    : socket_(std::move(socket)), deadline_(socket_.get_executor()), host_(host), rest_(kRestMax) {}

void HttpConnection::start() {
  deadline_.start(weak_from_this(), [this] {
    is_too_late_ = true;
    NetError ignored;
    socket_.cancel(ignored);
  });
  wait_for_request();
}

void HttpConnection::expires_after(milliseconds time) {
  is_too_late_ = false;
  deadline_.expires_after(time);
}

void HttpConnection::close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  NetError ignored;
  socket_.close(ignored);
  taker_.reset();
  end_wait();
  memory_.reset();
  if (const auto written = std::exchange(on_written_, nullptr)) written(false);
  host_.closed(this);
}

bool HttpConnection::is_idle() const {
  if (state_ != State::kHead && state_ != State::kGoodbye) return false;
  NetError error;
  // What has come and was not read yet may be a request.
  if (state_ == State::kHead && socket_.available(error) > 0) return false;
  const bool is_between = state_ == State::kHead && has_served_ && in_.empty();
  return is_between || Clock::now() - heard_ > kQuietMax;
}

void HttpConnection::refuse_request(int status, std::string code, std::string title,
                                    std::string why) {
  const Problem problem{std::move(code), std::move(title), std::move(why), "", 2};
  const auto& say = host_.manners.refusal;
  refuse(say ? say(status, problem) : problem_answer(status, problem));
}

void HttpConnection::refuse_size() {
  refuse_request(413, "LY-D003", "This is too large",
                 "a body here has at most " + std::to_string(order_.body_max) + " bytes");
}

// ---- the head

void HttpConnection::wait_for_request() {
  state_ = State::kHead;
  since_ = Clock::now();
  parser_.reset();
  order_ = {};
  memory_.reset();
  has_to_give_way_ = false;
  is_begun_ = false;
  is_answered_ = false;
  is_head_request_ = false;
  if (!in_.empty()) return on_head_bytes({}, 0);
  read_head(kIdleMax);
}

void HttpConnection::read_head(milliseconds within) {
  expires_after(within);
  socket_.async_read_some(net::buffer(piece_.data(), kReadWithHead),
                          [self = shared_from_this()](const NetError& error, std::size_t size) {
                            self->on_head_bytes(error, size);
                          });
}

void HttpConnection::on_head_bytes(const NetError& error, std::size_t size) {
  if (state_ == State::kClosed) return;
  if (is_too_late(error) && !in_.empty())
    return refuse_request(408, "LY-W011", "The request did not come in time",
                          "its head was not complete after 10 s");
  if (error) return close();
  heard_ = Clock::now();
  if (in_.empty()) since_ = heard_;
  in_.append(piece_.data(), size);
  const HeadLook look = look_for_head(in_);
  if (look.refusal)
    return refuse_request(look.refusal->status, "LY-W012", "This is no good HTTP request",
                          look.refusal->why);
  in_.erase(0, look.start);
  if (in_.empty()) return read_head(kIdleMax);
  if (look.size > 0) return take_head(look.size);
  const auto left = std::chrono::duration_cast<milliseconds>(since_ + kHeadMax - Clock::now());
  read_head(std::max(left, milliseconds(1)));
}

void HttpConnection::take_head(std::size_t size) {
  const std::string_view head(in_.data(), size);
  state_ = State::kBody;
  since_ = Clock::now();
  is_head_request_ = head.starts_with("HEAD ");
  if (const auto wrong = refuse_head(head))
    return refuse_request(wrong->status, "LY-W012", "This is no good HTTP request", wrong->why);
  parser_.emplace();
  parser_->header_limit(kHeadBytesMax);
  // What its limit is we see to ourselves; Boost 1.74 takes none for zero.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  NetError error;
  parser_->put(net::buffer(head.data(), head.size()), error);
  if (error || !parser_->is_header_done()) {
    parser_.reset();
    return refuse_request(400, "LY-W012", "This is no good HTTP request",
                          "its head cannot be understood");
  }
  rest_.clear();
  const std::size_t more = in_.size() - size;
  rest_.commit(net::buffer_copy(rest_.prepare(more), net::buffer(in_.data() + size, more)));
  HeadOrder order = host_.desk(view());
  in_.clear();
  follow(std::move(order));
}

HeadView HttpConnection::view() const {
  HeadView out;
  const auto& request = parser_->get();
  const auto method = request.method_string();
  const auto target = request.target();
  out.method = {method.data(), method.size()};
  out.target = {target.data(), target.size()};
  out.has_body = !parser_->is_done();
  out.field = [&request](std::string_view name) -> std::optional<std::string_view> {
    const auto found = request.find(beast::string_view(name.data(), name.size()));
    if (found == request.end()) return std::nullopt;
    const auto value = found->value();
    return std::string_view(value.data(), value.size());
  };
  out.owner = [this] { return host_.owner_of(socket_); };
  out.list = [&request](std::string_view name) -> std::optional<std::string> {
    std::optional<std::string> all;
    const auto [first, end] = request.equal_range(beast::string_view(name.data(), name.size()));
    for (auto each = first; each != end; ++each) {
      const auto value = each->value();
      all = (all ? *all + ", " : std::string()) + std::string(value.data(), value.size());
    }
    return all;
  };
  return out;
}

void HttpConnection::follow(HeadOrder order) {
  order_ = std::move(order);
  body_.clear();
  body_size_ = 0;
  // What stands behind a request without a body is the next one, however this one is answered.
  if (parser_->is_done()) keep_rest();
  if (order_.answer) return refuse(std::move(*order_.answer));
  if (parser_->content_length().value_or(0) > order_.body_max) return refuse_size();
  const auto expects = parser_->get()[http::field::expect];
  if (!expects.empty() && !beast::iequals(expects, "100-continue"))
    return refuse_request(417, "LY-W013", "This expectation cannot be met",
                          "the only one that is known here is 100-continue");
  if (order_.upgrade) return upgrade();
  const bool comes_in_chunks = !parser_->is_done() && !parser_->content_length();
  if (comes_in_chunks && order_.memory_per_byte > 0)
    memory_ = std::make_shared<MemoryBudget::Reservation>();
  if (!needs_memory()) return begin_body();
  reserve(*parser_->content_length() * order_.memory_per_byte, &HttpConnection::begin_body);
}

void HttpConnection::keep_rest() {
  in_.assign(static_cast<const char*>(rest_.data().data()), rest_.data().size());
}

void HttpConnection::upgrade() {
  // A client waits for the answer before it speaks as a WebSocket (RFC 6455, 4.1).
  if (!parser_->is_done() || rest_.size() > 0)
    return refuse_request(400, "LY-W012", "This is no good HTTP request",
                          "there are bytes behind the request for a WebSocket");
  state_ = State::kClosed;  // nothing of this one is left but what calls us now
  deadline_.expires_never();
  const auto self = shared_from_this();
  host_.replaced(this, start_socket(beast::tcp_stream(std::move(socket_)), host_,
                                    parser_->release(), order_.upgrade));
}

// ---- the body

void HttpConnection::begin_body() {
  if (order_.take) taker_ = order_.take(ApiReply(weak_from_this(), memory_));
  if (parser_->is_done()) return on_body_end();
  if (!parser_->get()[http::field::expect].empty() && rest_.size() == 0) return ask_for_body();
  is_body_in_rest() ? take_body_in_rest() : read_body();
}

void HttpConnection::ask_for_body() {
  write_bytes("HTTP/1.1 100 Continue\r\n\r\n", [this](bool is_open) {
    if (is_open) read_body();
  });
}

/// As small bodies mostly do, it came in one packet with its head.
bool HttpConnection::is_body_in_rest() const {
  const auto length = parser_->content_length();
  return length && *length <= rest_.size() && *length <= piece_.size();
}

void HttpConnection::take_body_in_rest() {
  begin_piece();
  parser_->eager(true);
  NetError error;
  rest_.consume(parser_->put(rest_.data(), error));
  on_body(error);
}

/// What the parser takes next goes to piece_.
void HttpConnection::begin_piece() {
  auto& part = parser_->get().body();
  part.data = piece_.data();
  part.size = piece_.size();
  part.more = true;
}

void HttpConnection::read_body() {
  begin_piece();
  expires_after(kStallMax);
  http::async_read_some(
      socket_, rest_, *parser_,
      [self = shared_from_this()](const NetError& error, std::size_t) { self->on_body(error); });
}

/// So little came in so long a time that nobody is served by waiting.
bool HttpConnection::is_too_slow() const {
  const auto taken = std::chrono::duration_cast<seconds>(Clock::now() - since_);
  return taken > kSlowFrom &&
         body_size_ < kSlowestBytesPerSecond * static_cast<std::uint64_t>(taken.count());
}

void HttpConnection::on_body(NetError error) {
  if (state_ != State::kBody || is_answered_) return;
  if (error == http::error::need_buffer) error = {};
  if (has_to_give_way_ && error == net::error::operation_aborted)
    return refuse_request(408, "LY-W011", "The request did not come in time",
                          "its body took longer than 5 s, and others wait for its memory");
  if (is_too_late(error))
    return refuse_request(408, "LY-W011", "The request did not come in time",
                          "nothing of its body came for 20 s");
  if (is_about_http(error))
    return refuse_request(400, "LY-W012", "This is no good HTTP request",
                          "its body is badly framed");
  if (error) return close();
  on_piece(piece_.size() - parser_->get().body().size);
}

void HttpConnection::on_piece(std::size_t size) {
  body_size_ += size;
  if (body_size_ > order_.body_max) return refuse_size();
  piece_size_ = size;
  // It says its length at its end: what it may become is reserved, once it is not small any more.
  if (body_size_ > kSmallBody && memory_ && !*memory_)
    return reserve(std::min(order_.body_max * order_.memory_per_byte, host_.bodies->bytes()),
                   &HttpConnection::take_piece);
  take_piece();
}

void HttpConnection::take_piece() {
  const std::size_t size = std::exchange(piece_size_, 0);
  if (!taker_) {
    body_.append(piece_.data(), size);
    return go_on();
  }
  if (size == 0) return go_on();
  taker_->take({piece_.data(), size}, [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->go_on();
  });
}

void HttpConnection::go_on() {
  if (state_ != State::kBody || is_answered_) return;
  if (parser_->is_done()) return on_body_end();
  if (is_too_slow() || has_to_give_way_)
    return refuse_request(408, "LY-W011", "The request did not come in time",
                          "its body comes too slowly");
  read_body();
}

void HttpConnection::on_body_end() {
  state_ = State::kAnswer;
  keep_rest();
  deadline_.expires_never();
  if (memory_) host_.bodies->may_give_way(*memory_, nullptr);
  if (taker_) return taker_->end();
  const auto go = std::move(order_.go);
  go(std::move(body_), ApiReply(weak_from_this(), memory_));
}

}  // namespace lanyard::agent
