#include "tests/integration/hostile/hostile_peer.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "replication/types/check.hpp"
#include "tests/integration/hostile/agent_process.hpp"

namespace lanyard::hostile {
namespace {

constexpr int kPatienceMs = static_cast<int>(std::chrono::milliseconds(kPatience).count());

crypto::LinkPreface preface_of(const wire::Preface& dialers, ByteView listeners) {
  crypto::LinkPreface out;
  std::copy(dialers.begin(), dialers.end(), out.bytes.begin());
  std::copy(listeners.begin(), listeners.end(), out.bytes.begin() + wire::kPrefaceBytes);
  return out;
}

}  // namespace

Bytes with_length(ByteView bytes) {
  Bytes out{static_cast<std::uint8_t>(bytes.size() >> 8), static_cast<std::uint8_t>(bytes.size())};
  append(out, bytes);
  return out;
}

HostilePeer::HostilePeer(const crypto::Identity& identity, Rng& rng)
    : identity_(identity, rng), rng_(rng) {}

HostilePeer::~HostilePeer() { hang_up(); }

void HostilePeer::hang_up() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

// ---- on the way to a link

bool HostilePeer::dial(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::optional<Bytes> HostilePeer::first_message() {
  const wire::Preface offer = wire::offer({});
  if (!send(offer)) return std::nullopt;
  const auto answer = receive(wire::kPrefaceBytes);
  if (!answer) return std::nullopt;
  handshake_.emplace(
      crypto::Role::kInitiator, identity_, preface_of(offer, *answer), crypto::LinkPurpose::kSync,
      [](const DeviceId&) { return true; }, rng_);
  auto first = handshake_->start();
  LANYARD_CHECK(first.has_value(), "a dialer begins");
  return with_length(*first);
}

bool HostilePeer::shake_hands() {
  const auto first = first_message();
  if (!first || !send(*first)) return false;
  const auto size = receive(2);
  if (!size) return false;
  const auto second = receive(static_cast<std::size_t>((*size)[0]) << 8 | (*size)[1]);
  if (!second) return false;
  auto step = handshake_->receive(*second);
  if (!step || !step->link) return false;
  cipher_.emplace(std::move(step->link->cipher));
  return send(with_length(step->to_send));
}

bool HostilePeer::send(ByteView bytes) {
  while (!bytes.empty()) {
    pollfd one{socket_, POLLOUT, 0};
    if (poll(&one, 1, kPatienceMs) <= 0) return false;
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    sent_ += static_cast<std::size_t>(sent);
    sent_by_all += static_cast<std::size_t>(sent);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<Bytes> HostilePeer::receive(std::size_t size) {
  std::array<std::uint8_t, 65536> part;
  while (incoming_.size() - taken_ < size) {
    pollfd one{socket_, POLLIN, 0};
    if (poll(&one, 1, kPatienceMs) <= 0) return std::nullopt;
    const ssize_t got = recv(socket_, part.data(), part.size(), 0);
    ended_ = ended_ || got <= 0;
    if (ended_) return std::nullopt;
    incoming_.erase(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    append(incoming_, ByteView(part).first(static_cast<std::size_t>(got)));
  }
  const Bytes out = to_bytes(ByteView(incoming_).subspan(taken_, size));
  taken_ += size;
  return out;
}

// ---- on the link

Bytes HostilePeer::sealed(ByteView message) {
  Bytes out;
  for (const Bytes& frame : wire::split_frames(message)) append(out, sealed_frame(frame));
  return out;
}

Bytes HostilePeer::sealed_frame(ByteView plain) {
  Bytes frame;
  LANYARD_CHECK(cipher_ && cipher_->seal(plain, frame), "the link is secured");
  return with_length(frame);
}

std::optional<wire::Message> HostilePeer::hear() {
  while (true) {
    const auto size = receive(2);
    if (!size) return std::nullopt;
    const auto frame = receive(static_cast<std::size_t>((*size)[0]) << 8 | (*size)[1]);
    if (!frame) return std::nullopt;
    Bytes plain;
    LANYARD_CHECK(cipher_->open(*frame, plain).has_value(), "an agent's frames open");
    auto bytes = join_.take(plain);
    LANYARD_CHECK(bytes.has_value(), "an agent's frames are well-formed");
    if (!*bytes) continue;
    auto message = decode(**bytes, their_names_);
    LANYARD_CHECK(message.has_value(), "an agent's messages are well-formed");
    return std::move(*message);
  }
}

bool HostilePeer::is_closed(std::optional<wire::ByeCode>* bye) {
  if (!cipher_) {  // before there are messages: whatever it says is passed over
    while (receive(1)) {
    }
    return ended_;
  }
  while (const auto message = hear()) {
    const auto* last = std::get_if<wire::Bye>(&*message);
    if (bye != nullptr && last != nullptr) *bye = last->code;
  }
  return ended_;
}

}  // namespace lanyard::hostile
