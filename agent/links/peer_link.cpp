#include "agent/links/peer_link.hpp"

#include <charconv>

namespace lanyard::agent {
namespace {

/// How long a link that we close may take to send what it still has to say.
constexpr std::chrono::milliseconds kFarewellMax{2000};
/// The log is read only while less than limits::kSendQueueBytesMax waits, and credit bounds what is
/// live: beyond this a peer does not read at all.
constexpr std::size_t kQueueBytesMax = 2 * limits::kSendQueueBytesMax;
/// What a small message takes beside its bytes while it waits.
constexpr std::size_t kQueuedOverhead = 64;
/// One gathered write: enough to fill the socket's buffer, little enough to notice an end soon.
constexpr std::size_t kGatherMax = 32;

}  // namespace

PeerLink::PeerLink(engine::LinkId id, Tcp::socket socket, SecureLink secure, Owner owner)
    : id_(id),
      socket_(std::move(socket)),
      resolver_(socket_.get_executor()),
      deadline_(socket_.get_executor()),
      secure_(std::move(secure)),
      owner_(std::move(owner)) {}

void PeerLink::start() {
  limit_time(limits::kHandshakeTimeMax, "it did not prove who it is in time");
  begin();
}

void PeerLink::dial(const std::string& address) {
  dialed_ = address_ = address;
  dialed_at_ = Clock::now();
  limit_time(limits::kHandshakeTimeMax, "no answer in time");
  const auto parsed = parse_host_port(address);
  if (!parsed) return close(parsed.error());
  resolver_.async_resolve(parsed->host, std::to_string(parsed->port),
                          [self = shared_from_this()](const std::error_code& error,
                                                      const Tcp::resolver::results_type& results) {
                            self->on_resolved(error, results);
                          });
}

void PeerLink::limit_time(std::chrono::milliseconds within, const char* what) {
  deadline_.expires_after(within);
  deadline_.async_wait([self = shared_from_this(), what](const std::error_code& error) {
    if (!error) self->close(Error(Code::kUnreachable, what));
  });
}

void PeerLink::on_resolved(const std::error_code& error,
                           const Tcp::resolver::results_type& results) {
  if (is_closed()) return;
  if (error) return close(Error(error, "the name cannot be resolved"));
  asio::async_connect(
      socket_, results,
      [self = shared_from_this()](const std::error_code& failed, const Tcp::endpoint&) {
        self->on_connected(failed);
      });
}

void PeerLink::on_connected(const std::error_code& error) {
  if (is_closed()) return;
  if (error) return close(Error(error, "cannot connect"));
  connected_at_ = Clock::now();
  begin();
}

void PeerLink::begin() {
  std::error_code ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);  // a live change is one small message
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) address_ = to_text(remote);
  enqueue(secure_.start());
  read();
}

void PeerLink::read() {
  socket_.async_read_some(
      asio::buffer(incoming_),
      [self = shared_from_this()](const std::error_code& error, std::size_t size) {
        self->on_read(error, size);
      });
}

void PeerLink::on_read(const std::error_code& error, std::size_t size) {
  if (is_closed()) return;
  if (error) return close(Error(error, "the link ended"));
  bytes_in_ += size;
  if (take(ByteView(incoming_).first(size))) read();
}

/// Whether more is wanted. What came behind the proof of who the peer is counts as said by one of
/// whom the owner has decided what it may say.
bool PeerLink::take(ByteView bytes) {
  SecureLink::Heard heard = secure_.hear(bytes);
  enqueue(std::move(heard.to_send));
  if (heard.peer) {
    peer_ = heard.peer->device;
    owner_.proven(*this, *heard.peer);
  }
  for (Bytes& message : heard.messages) {
    if (is_closed()) return false;
    owner_.message(*this, std::move(message));
  }
  if (is_closed()) return false;
  if (heard.failure) {
    finish(*heard.failure);
    return false;
  }
  return heard.peer ? take({}) : true;
}

void PeerLink::settle() {
  deadline_.cancel();
  secure_.trust();
}

void PeerLink::send(ByteView message) {
  if (is_closed() || finishing_) return;
  auto sealed = secure_.seal(message);
  if (!sealed) return close(sealed.error());
  enqueue(std::move(*sealed));
}

void PeerLink::enqueue(Bytes bytes) {
  if (bytes.empty()) return;
  queued_bytes_ += kQueuedOverhead + bytes.size();
  queue_.push_back(std::move(bytes));
  if (queued_bytes_ > kQueueBytesMax) return close(Error(Code::kBusy, "the peer does not read"));
  if (writing_.empty()) write();
}

void PeerLink::write() {
  std::vector<asio::const_buffer> buffers;
  while (!queue_.empty() && writing_.size() < kGatherMax) {
    writing_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (const Bytes& each : writing_) buffers.push_back(asio::buffer(each));
  asio::async_write(socket_, buffers,
                    [self = shared_from_this()](const std::error_code& error, std::size_t) {
                      self->on_written(error);
                    });
}

void PeerLink::on_written(const std::error_code& error) {
  if (is_closed()) return;
  if (error) return close(Error(error, "the link ended"));
  for (const Bytes& each : writing_) {
    queued_bytes_ -= kQueuedOverhead + each.size();
    bytes_out_ += each.size();
  }
  writing_.clear();
  if (queued_bytes_ <= limits::kSendQueueBytesMax) owner_.drained(*this);
  if (is_closed() || !writing_.empty()) return;
  if (!queue_.empty()) return write();
  if (finishing_) close(*finishing_);
}

void PeerLink::finish(const Error& why) {
  if (is_closed() || finishing_) return;
  if (writing_.empty() && queue_.empty()) return close(why);
  finishing_ = why;
  limit_time(kFarewellMax, "it did not read our goodbye");
}

void PeerLink::close(const Error& why) {
  if (is_closed()) return;
  closed_ = true;
  std::error_code ignored;
  deadline_.cancel();
  resolver_.cancel();
  socket_.close(ignored);
  // The owner may let go of us in its answer; it hears of it after whoever called us is done.
  asio::post(socket_.get_executor(), [self = shared_from_this(), error = finishing_.value_or(why)] {
    self->owner_.closed(*self, error);
  });
}

Result<HostPort> parse_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return fail(Code::kUsage, "an address is HOST:PORT");
  HostPort out{text.substr(0, colon), 0};
  if (out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + colon + 1, end, out.port);
  if (result.ec != std::errc{} || result.ptr != end || out.port == 0 || out.host.empty()) {
    return fail(Code::kUsage, "an address is HOST:PORT, with a port from 1 to 65535");
  }
  return out;
}

std::string to_text(const HostPort& place) {
  const bool is_v6 = place.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

std::string to_text(const Tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return to_text(HostPort{address.to_string(), endpoint.port()});
}

}  // namespace lanyard::agent
