#include "discovery/child_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "confinement/own_process.hpp"

namespace lanyard::discovery {
ChildProcess::~ChildProcess() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  static_cast<void>(is_there());
}

Status ChildProcess::start(Backend kind) {
  LANYARD_TRY_SET(const auto started,
                  confinement::start_own_process({kChildVerb, child_name(kind)}));
  process_ = started.process;
  std::error_code error;
  pipe_.assign(asio::local::stream_protocol(), started.pipe, error);
  if (error) ::close(started.pipe);
  if (error) return lanyard::fail(Code::kBusy, "no process could be started");
  read();
  return {};
}

void ChildProcess::read() {
  pipe_.async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](const std::error_code& error, std::size_t size) {
        self->on_read(error, size);
      });
}

void ChildProcess::on_read(const std::error_code& error, std::size_t size) {
  if (is_over_) return;
  if (error) return fail("the discovery process ended");
  if (!hear(ByteView(incoming_).first(size)))
    return fail("the discovery process said what cannot be understood");
  if (!is_over_) read();
}

bool ChildProcess::hear(ByteView bytes) {
  frames_.add(bytes);
  while (!is_over_) {
    const auto frame = frames_.next();
    if (!frame) return false;
    if (!*frame) return true;
    const auto message = decode_child_message(**frame);
    if (!message) return false;
    owner_.said(*message);
  }
  return true;
}

void ChildProcess::fail(const std::string& why) {
  kill();
  owner_.ended(why);
}

void ChildProcess::send(const Orders& orders) {
  if (is_over_) return;
  // Orders are whole: of two that wait, only the newer one matters.
  next_ = encode(orders);
  if (writing_.empty()) write();
}

void ChildProcess::write() {
  writing_ = std::move(*next_);
  next_.reset();
  asio::async_write(pipe_, asio::buffer(writing_),
                    [self = shared_from_this()](const std::error_code& error, std::size_t) {
                      self->writing_.clear();
                      // An end of the pipe is noticed by who reads from it.
                      if (!error && !self->is_over_ && self->next_) self->write();
                    });
}

void ChildProcess::kill() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  part();
}

void ChildProcess::part() {
  is_over_ = true;
  std::error_code ignored;
  pipe_.close(ignored);
}

bool ChildProcess::is_there() {
  if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) != 0) process_ = -1;
  return process_ > 0;
}

}  // namespace lanyard::discovery
