#include "agent/control/control_connection.hpp"

#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kReadBytes = 16 * limits::kKiB;
constexpr std::size_t kLargeReadBytes = 256 * limits::kKiB;
/// Requests of one client that wait for their answers: enough to keep every commit full, and 16
/// such clients fill what the storage thread takes.
constexpr std::size_t kOpenRequestsMax = limits::kLocalWritesWaitingMax / 16;
/// Answers that wait to be read, before no more is read from the client.
constexpr std::size_t kWaitingBytesMax = 4 * limits::kMiB;
/// And before the client is given up: only streams, which nobody asks for again, get here.
constexpr std::size_t kDroppedBytesMax = 32 * limits::kMiB;

}  // namespace

ControlConnection::ControlConnection(Socket socket, Dispatch dispatch, Closed closed)
    : socket_(std::move(socket)), dispatch_(std::move(dispatch)), closed_(std::move(closed)) {}

void ControlConnection::close() {
  if (!socket_.is_open()) return;
  asio::error_code ignored;
  socket_.close(ignored);
  const auto watches = std::move(watches_);
  watches_.clear();
  for (const auto& [number, closed] : watches) closed();
  closed_(this);
}

bool ControlConnection::is_full() const {
  return open_requests_ >= kOpenRequestsMax || waiting_bytes() >= kWaitingBytesMax;
}

void ControlConnection::read() {
  if (reading_ || !is_open() || input_ended_ || is_full()) return;
  reading_ = true;
  const std::size_t more = in_.size() > kReadBytes ? kLargeReadBytes : kReadBytes;
  // A buffer of its own: lines are taken from `in_` while the read is under way.
  incoming_.resize(more);
  socket_.async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](const asio::error_code& error, std::size_t size) {
        self->in_.append(self->incoming_, 0, size);
        self->on_read(error, size);
      });
}

void ControlConnection::on_read(const asio::error_code& error, std::size_t /*size*/) {
  reading_ = false;
  if (error == asio::error::eof) {
    // Half a line is no request. What was asked before is still answered.
    input_ended_ = true;
    if (open_requests_ == 0 && waiting_bytes() == 0) return close();
    return wait_for_hang_up();
  }
  if (error) return close();
  take_lines();
}

void ControlConnection::wait_for_hang_up() {
  socket_.async_wait(Socket::wait_error,
                     [self = shared_from_this()](const asio::error_code&) { self->close(); });
}

void ControlConnection::take_lines() {
  if (taking_) return;
  taking_ = true;
  while (is_open() && !is_full()) {
    const std::size_t end = in_.find('\n', scanned_);
    if (end == std::string::npos) break;
    const std::string_view line = std::string_view(in_).substr(taken_, end - taken_);
    taken_ = scanned_ = end + 1;
    if (!std::exchange(skipping_, false)) take_line(line);
  }
  taking_ = false;
  if (!is_open()) return;
  // What is left is moved to the front once it is small against what was taken.
  if (taken_ > 0 && (taken_ == in_.size() || taken_ > limits::kMiB)) {
    in_.erase(0, taken_);
    scanned_ -= taken_;
    taken_ = 0;
    if (in_.capacity() > 4 * kLargeReadBytes && in_.size() < kReadBytes) in_.shrink_to_fit();
  }
  if (!is_full()) scanned_ = in_.size();
  if (in_.size() - taken_ > limits::kControlLineBytesMax &&
      in_.find('\n', taken_) == std::string::npos)
    refuse_long_line();
  read();
}

void ControlConnection::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  if (line.size() > limits::kControlLineBytesMax) {
    send(error_line(
        "null", Error(Code::kTooLarge, "the line is longer than 8 MiB", "Send less at a time.")));
    return;
  }
  auto request = parse_request(line);
  if (!request) {
    send(error_line(request.error().id, request.error().error));
    return;
  }
  ++open_requests_;
  dispatch_(*request, Reply(weak_from_this(), request->id));
}

void ControlConnection::refuse_long_line() {
  if (!std::exchange(skipping_, true))
    send(error_line(
        "null", Error(Code::kTooLarge, "the line is longer than 8 MiB", "Send less at a time.")));
  in_.clear();
  in_.shrink_to_fit();
  taken_ = scanned_ = 0;
}

void ControlConnection::send(const std::string& line) {
  if (!is_open()) return;
  next_ += line;
  if (waiting_bytes() > kDroppedBytesMax + line.size()) return close();
  write();
}

void ControlConnection::finished() {
  --open_requests_;
  take_lines();
}

void ControlConnection::write() {
  if (!writing_.empty() || next_.empty() || !is_open()) return;
  writing_.swap(next_);
  asio::async_write(socket_, asio::buffer(writing_),
                    [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                      self->on_written(error);
                    });
}

void ControlConnection::on_written(const asio::error_code& error) {
  if (error) return close();
  writing_.clear();
  if (writing_.capacity() > limits::kMiB) writing_.shrink_to_fit();
  write();
  if (input_ended_ && open_requests_ == 0 && waiting_bytes() == 0) return close();
  take_lines();
}

std::uint64_t ControlConnection::watch_close(std::function<void()> closed) {
  watches_.emplace(++last_watch_, std::move(closed));
  return last_watch_;
}

// ---- Reply

struct Reply::State {
  std::weak_ptr<ControlConnection> connection;
  std::string id;
  bool answered = false;
  std::uint64_t watch = 0;

  State(std::weak_ptr<ControlConnection> to, std::string name)
      : connection(std::move(to)), id(std::move(name)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    finish(
        [&] { return error_line(id, Error(Code::kInterrupted, "the agent gave the request up")); });
  }

  template <class MakeLine>
  void finish(MakeLine make_line) {
    const auto to = connection.lock();
    if (std::exchange(answered, true) || !to) return;
    to->unwatch_close(watch);
    to->send(make_line());
    to->finished();
  }
};

namespace {

std::string line_of(const std::string& id, const char* kind, const std::string& json) {
  std::string out;
  out.reserve(id.size() + json.size() + 24);
  out += "{\"id\":";
  out += id;
  out += ",\"";
  out += kind;
  out += "\":";
  out += json;
  out += "}\n";
  return out;
}

}  // namespace

Reply::Reply(std::weak_ptr<ControlConnection> connection, std::string id)
    : state_(std::make_shared<State>(std::move(connection), std::move(id))) {}

void Reply::progress(const std::string& json) const {
  const auto to = state_->connection.lock();
  if (to && !state_->answered) to->send(line_of(state_->id, "progress", json));
}

void Reply::result(const std::string& json) const {
  state_->finish([&] { return line_of(state_->id, "result", json); });
}

void Reply::error(const Error& error) const {
  state_->finish([&] { return error_line(state_->id, error); });
}

bool Reply::is_open() const {
  const auto to = state_->connection.lock();
  return to && to->is_open() && !state_->answered;
}

void Reply::on_closed(std::function<void()> closed) const {
  if (const auto to = state_->connection.lock()) state_->watch = to->watch_close(std::move(closed));
}

std::size_t Reply::waiting_bytes() const {
  const auto to = state_->connection.lock();
  return to ? to->waiting_bytes() : 0;
}

}  // namespace lanyard::agent
