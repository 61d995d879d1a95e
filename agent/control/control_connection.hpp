#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/control/reply.hpp"
#include "agent/control/request.hpp"
#include "agent/net.hpp"

namespace lanyard::agent {

/// One client of the control socket: lines in, lines out, in the order in which the answers are
/// ready. One read and one write are outstanding at most. A client with many open requests, or one
/// that does not read its answers, is not read from; a stream that it does not read is ended.
class ControlConnection : public std::enable_shared_from_this<ControlConnection> {
 public:
  using Socket = asio::local::stream_protocol::socket;
  using Dispatch = std::function<void(Request& request, const Reply& reply)>;
  using Closed = std::function<void(const ControlConnection*)>;

  ControlConnection(Socket socket, Dispatch dispatch, Closed closed);

  void start() { read(); }
  void close();

  // ---- for Reply
  [[nodiscard]] bool is_open() const { return socket_.is_open(); }
  [[nodiscard]] std::size_t waiting_bytes() const { return next_.size() + writing_.size(); }
  void send(const std::string& line);
  /// The request has its answer.
  void finished();
  std::uint64_t watch_close(std::function<void()> closed);
  void unwatch_close(std::uint64_t watch) { watches_.erase(watch); }

 private:
  void read();
  void on_read(const asio::error_code& error, std::size_t size);
  /// After the end of its input: a client that closed its other half too waits for nothing.
  void wait_for_hang_up();
  void take_lines();
  void take_line(std::string_view line);
  void refuse_long_line();
  void write();
  void on_written(const asio::error_code& error);
  [[nodiscard]] bool is_full() const;

  Socket socket_;
  Dispatch dispatch_;
  Closed closed_;
  std::string in_;
  std::string incoming_;     // what the read under way may fill
  std::size_t taken_ = 0;    // of in_: lines that were dealt with
  std::size_t scanned_ = 0;  // of in_: has no line break behind taken_ up to here
  bool reading_ = false;
  bool skipping_ = false;  // the rest of a line that is too long
  bool taking_ = false;
  bool input_ended_ = false;
  std::size_t open_requests_ = 0;
  std::string next_;
  std::string writing_;
  std::uint64_t last_watch_ = 0;
  std::map<std::uint64_t, std::function<void()>> watches_;
};

}  // namespace lanyard::agent
