#pragma once

#include <array>
#include <deque>
#include <memory>

#include "agent/links/secure_link.hpp"
#include "agent/net.hpp"
#include "replication/engine/input.hpp"

namespace lanyard::agent {

/// One socket with its secured link: at most one read and one write under way, a bounded queue, a
/// deadline until the peer is proven. Lives on the network thread; kept alive by its own handlers
/// until it is closed.
class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  struct Owner {
    /// Call settle() or give_time(): until then the time to prove it runs on.
    std::function<void(PeerLink&, const ProvenPeer&)> proven;
    std::function<void(PeerLink&, Bytes)> message;
    /// After a write, while no more than limits::kSendQueueBytesMax waits.
    std::function<void(PeerLink&)> drained;
    /// Called once, also when the owner closed it.
    std::function<void(PeerLink&, const Error&)> closed;
  };

  PeerLink(engine::LinkId id, Tcp::socket socket, SecureLink secure, Owner owner);

  /// A listener's link: the socket is connected already.
  void start();
  /// A dialer's: connects first. `address`: host:port as a person wrote it.
  void dial(const std::string& address);
  void send(ByteView message);
  /// The peer is one that we want: no time limit any more, and messages of any size.
  void settle();
  /// Closes the link unless it comes to something within this time.
  void give_time(std::chrono::milliseconds within) { limit_time(within, "it took too long"); }
  /// Sends what is queued, then closes; gives up after a short while.
  void finish(const Error& why);
  void close(const Error& why);

  [[nodiscard]] engine::LinkId id() const { return id_; }
  [[nodiscard]] bool we_dialed() const { return secure_.role() == crypto::Role::kInitiator; }
  /// host:port of the other end; what was dialled until it is connected.
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& dialed() const { return dialed_; }
  [[nodiscard]] const std::optional<DeviceId>& peer() const { return peer_; }
  /// When a dialer began, and when it was connected.
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] Clock::time_point dialed_at() const { return dialed_at_; }
  [[nodiscard]] const std::optional<Clock::time_point>& connected_at() const {
    return connected_at_;
  }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }
  [[nodiscard]] std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  void limit_time(std::chrono::milliseconds within, const char* what);
  void on_resolved(const std::error_code& error, const Tcp::resolver::results_type& results);
  void on_connected(const std::error_code& error);
  void begin();
  void read();
  void on_read(const std::error_code& error, std::size_t size);
  bool take(ByteView bytes);
  void enqueue(Bytes bytes);
  void write();
  void on_written(const std::error_code& error);
  [[nodiscard]] bool is_closed() const { return closed_; }

  engine::LinkId id_;
  Tcp::socket socket_;
  Tcp::resolver resolver_;
  asio::steady_timer deadline_;
  SecureLink secure_;
  Owner owner_;
  std::string dialed_;
  std::string address_;
  Clock::time_point dialed_at_;
  std::optional<Clock::time_point> connected_at_;
  std::optional<DeviceId> peer_;
  std::array<std::uint8_t, 64 * 1024> incoming_{};
  std::deque<Bytes> queue_;
  std::vector<Bytes> writing_;
  std::size_t queued_bytes_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::optional<Error> finishing_;
  bool closed_ = false;
};

/// "host:port", "[v6]:port". kUsage with what is wrong.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> parse_host_port(const std::string& text);
/// The reverse.
[[nodiscard]] std::string to_text(const HostPort& place);
[[nodiscard]] std::string to_text(const Tcp::endpoint& endpoint);

}  // namespace lanyard::agent
