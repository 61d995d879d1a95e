#pragma once

#include <array>

#include "agent/api/beast.hpp"
#include "agent/api/http_deadline.hpp"
#include "agent/api/http_host.hpp"
#include "agent/api/http_response_head.hpp"
#include "agent/api/request_head.hpp"

namespace lanyard::agent {

/// One connection: request after request, one at a time. The head is looked at by refuse_head()
/// before Beast reads it, and by the desk before the body is read. Kept alive by its own handlers.
class HttpConnection : public std::enable_shared_from_this<HttpConnection>,
                       public LoopbackConnection,
                       public AnswerSink {
 public:
  /// `host` outlives this.
  HttpConnection(LoopbackTcp::socket socket, const HttpHost& host);

  void start();
  void close() override;
  [[nodiscard]] bool is_idle() const override;
  [[nodiscard]] std::chrono::steady_clock::time_point since() const override { return since_; }

  // ---- AnswerSink. An answer to a request whose body was not read ends the connection.
  void send(HttpAnswer answer) override;
  void begin(HttpAnswer head) override;
  void piece(std::string bytes, std::function<void(bool is_open)> taken) override;
  void end() override;
  void break_off() override { close(); }
  [[nodiscard]] bool is_there() const override {
    return state_ != State::kClosed && host_.owner_of(socket_).kind != SocketOwner::Kind::kGone;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Parser = http::request_parser<http::buffer_body>;
  enum class State : std::uint8_t { kHead, kBody, kAnswer, kGoodbye, kClosed };

  // Reading (http_connection.cpp).
  void wait_for_request();
  void read_head(std::chrono::milliseconds within);
  void on_head_bytes(const NetError& error, std::size_t size);
  void take_head(std::size_t size);
  [[nodiscard]] HeadView view() const;
  void follow(HeadOrder order);
  void keep_rest();
  void upgrade();
  void begin_body();
  void ask_for_body();
  void read_body();
  [[nodiscard]] bool is_body_in_rest() const;
  void take_body_in_rest();
  void begin_piece();
  void on_body(NetError error);
  void on_piece(std::size_t size);
  void take_piece();
  void go_on();
  void on_body_end();
  [[nodiscard]] bool is_too_slow() const;
  void expires_after(std::chrono::milliseconds time);
  /// Whether an operation ended with this error because it took too long.
  [[nodiscard]] bool is_too_late(const NetError& error) const {
    return is_too_late_ && error == net::error::operation_aborted;
  }
  void refuse_size();
  void refuse_request(int status, std::string code, std::string title, std::string why);

  // Memory (http_connection_memory.cpp).
  [[nodiscard]] bool needs_memory() const;
  void reserve(std::uint64_t bytes, void (HttpConnection::*next)());
  void on_reserved(MemoryBudget::Reservation memory, void (HttpConnection::*next)());
  void end_wait();
  void refuse_for_memory();
  [[nodiscard]] bool reserve_answer(const HttpAnswer& answer);
  [[nodiscard]] std::size_t go_on_writing();

  // Answering (http_connection_answer.cpp).
  void refuse(HttpAnswer answer);
  /// Whether the connection ends with this answer.
  [[nodiscard]] bool is_last() const;
  [[nodiscard]] bool was_read() const { return parser_ && parser_->is_done(); }
  void fill_head(const HttpAnswer& answer);
  void write(HttpAnswer answer);
  void write_bytes(std::string_view bytes, std::function<void(bool is_open)> written);
  void on_answered(const NetError& error);
  void tell_answered() const;
  /// Lets the other side read the answer before the connection is reset under it.
  void say_goodbye();
  void drain();

  LoopbackTcp::socket socket_;
  HttpDeadline deadline_;
  bool is_too_late_ = false;  ///< the deadline has ended what was under way
  const HttpHost& host_;
  State state_ = State::kHead;
  Clock::time_point since_ = Clock::now();  ///< when this state began
  Clock::time_point heard_ = Clock::now();  ///< when its last bytes came, or its last answer went
  bool has_served_ = false;
  std::string in_;  ///< bytes that were read and not taken yet
  std::optional<Parser> parser_;
  beast::flat_buffer rest_;  ///< what came behind the head
  std::array<char, 64 * 1024> piece_{};
  HeadOrder order_;
  std::string body_;
  std::uint64_t body_size_ = 0;
  std::size_t piece_size_ = 0;  ///< bytes in piece_ that were read and not taken yet
  std::unique_ptr<BodyTaker> taker_;

  /// What the body has reserved, kept as well by whoever may still answer. Nothing where it is
  /// small; empty where it is not known yet how large it is.
  std::shared_ptr<MemoryBudget::Reservation> memory_;
  std::uint64_t wait_ = 0;        ///< for it; 0: none
  bool has_to_give_way_ = false;  ///< what was under way was ended for it
  MemoryBudget::Reservation answer_memory_;

  int status_ = 0;       ///< of the answer that is being sent
  std::string problem_;  ///< and its code, where it is an error
  bool is_head_request_ = false;
  bool is_begun_ = false;     ///< an answer in pieces
  bool is_answered_ = false;  ///< as a whole, or with its last piece
  bool is_last_ = false;
  HttpResponseHead head_;
  std::string answer_head_;  ///< of an answer that is sent as a whole
  std::string answer_body_;
  std::string out_;                               ///< the piece that is being written
  std::function<void(bool is_open)> on_written_;  ///< who waits for it
};

}  // namespace lanyard::agent
