#include <array>
#include <charconv>

#include "agent/api/http_connection.hpp"
#include "agent/api/memory_refusal.hpp"
#include "replication/types/check.hpp"

/// Answering requests; reading them is http_connection.cpp.
namespace lanyard::agent {
namespace {

using std::chrono::seconds;

/// Without the answer being taken.
constexpr seconds kWriteMax{60};
/// How long the rest of a request that was refused is taken and thrown away, so that the client
/// gets to reading the answer: without a byte, and in all.
constexpr seconds kGoodbyePause{2};
constexpr seconds kGoodbyeMax{30};

}  // namespace

void HttpConnection::fill_head(const HttpAnswer& answer) {
  status_ = answer.status;
  problem_ = answer.problem;
  head_.begin();
  for (const auto& [name, value] : order_.fields) head_.set(name, value);
  for (const auto& [name, value] : answer.fields) head_.set(name, value);
  if (is_last_) head_.set("Connection", "close");
}

bool HttpConnection::is_last() const {
  return !was_read() || !parser_->get().keep_alive() || (in_.empty() && host_.is_waited_for());
}

void HttpConnection::send(HttpAnswer answer) {
  if (state_ == State::kClosed) return;
  is_last_ = is_last();
  if (order_.refuse_late)
    if (auto refusal = order_.refuse_late()) answer = std::move(*refusal);
  write(std::move(answer));
}

void HttpConnection::refuse(HttpAnswer answer) {
  if (is_begun_) return close();  // in the middle of an answer there is nothing else to say
  send(std::move(answer));
}

/// Head and body leave together, and the head's memory is kept for the next one.
void HttpConnection::write(HttpAnswer answer) {
  LANYARD_CHECK(!std::exchange(is_answered_, true), "a request is answered once");
  if (!reserve_answer(answer)) answer = no_memory_for_answer();
  fill_head(answer);
  if (!answer.body.empty()) head_.set("Content-Type", answer.type);
  const bool has_no_body = answer.status == 204 || answer.status == 304;
  const std::string length = std::to_string(answer.body.size());
  if (!has_no_body) head_.set("Content-Length", length);
  head_.write(answer.status, answer_head_);
  answer_body_ = is_head_request_ || has_no_body ? std::string() : std::move(answer.body);
  expires_after(kWriteMax);
  net::async_write(
      socket_,
      std::array<net::const_buffer, 2>{net::buffer(answer_head_), net::buffer(answer_body_)},
      [this](const NetError& error, std::size_t) { return error ? 0 : go_on_writing(); },
      [self = shared_from_this()](const NetError& error, std::size_t) {
        self->answer_body_ = {};
        self->answer_memory_.reset();
        self->on_answered(error);
      });
}

void HttpConnection::on_answered(const NetError& error) {
  if (state_ == State::kClosed) return;
  if (error) return close();
  tell_answered();
  heard_ = Clock::now();
  has_served_ = true;
  taker_.reset();
  body_ = {};
  memory_.reset();  // a body that was refused half way; else whoever answered kept it
  if (is_last_) return say_goodbye();
  wait_for_request();
}

void HttpConnection::tell_answered() const {
  const auto& tell = host_.manners.answered;
  const auto took = Clock::now() - since_;
  if (tell) tell(status_, problem_, std::chrono::duration_cast<std::chrono::microseconds>(took));
}

// ---- in pieces

void HttpConnection::begin(HttpAnswer head) {
  if (state_ == State::kClosed) return;
  LANYARD_CHECK(!std::exchange(is_begun_, true), "a request is answered once");
  // What is still to come of the body goes on being read: the next request stands behind it.
  is_last_ = is_last();
  fill_head(head);
  head_.set("Content-Type", head.type);
  head_.set("Transfer-Encoding", "chunked");
  head_.write(head.status, out_);
}

void HttpConnection::piece(std::string bytes, std::function<void(bool is_open)> taken) {
  if (state_ == State::kClosed) return taken(false);
  if (order_.breaks_off_late && order_.refuse_late()) {
    close();
    return taken(false);
  }
  LANYARD_CHECK(!on_written_, "one piece is on its way at a time");
  if (bytes.empty() || is_head_request_) return write_bytes("", std::move(taken));
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string chunk(size.data(), end);
  chunk.reserve(chunk.size() + bytes.size() + 4);
  chunk.append("\r\n").append(bytes).append("\r\n");
  write_bytes(chunk, std::move(taken));
}

/// Behind what begin() left to be written, if it did.
void HttpConnection::write_bytes(std::string_view bytes,
                                 std::function<void(bool is_open)> written) {
  out_ += bytes;
  on_written_ = std::move(written);
  expires_after(kWriteMax);
  net::async_write(socket_, net::buffer(out_),
                   [self = shared_from_this()](const NetError& error, std::size_t) {
                     self->out_.clear();
                     if (self->state_ == State::kClosed) return;
                     if (error) return self->close();
                     if (const auto next = std::exchange(self->on_written_, nullptr)) next(true);
                   });
}

void HttpConnection::end() {
  if (state_ == State::kClosed) return;
  is_answered_ = true;
  LANYARD_CHECK(!on_written_, "the end comes after the last piece is on its way");
  write_bytes(is_head_request_ ? "" : "0\r\n\r\n", [this](bool is_open) {
    if (is_open) on_answered({});
  });
}

// ---- the end

void HttpConnection::say_goodbye() {
  NetError ignored;
  socket_.shutdown(LoopbackTcp::socket::shutdown_send, ignored);
  state_ = State::kGoodbye;
  since_ = Clock::now();
  drain();
}

void HttpConnection::drain() {
  if (Clock::now() - since_ > kGoodbyeMax) return close();
  expires_after(kGoodbyePause);
  socket_.async_read_some(net::buffer(piece_),
                          [self = shared_from_this()](const NetError& error, std::size_t) {
                            if (self->state_ == State::kClosed) return;
                            error ? self->close() : self->drain();
                          });
}

}  // namespace lanyard::agent
