#include "tests/integration/hostile/pairing_peer.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "replication/types/check.hpp"

namespace lanyard::hostile {
namespace {

bool comes_within_patience(int socket, short what) {
  pollfd one{socket, what, 0};
  return poll(&one, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) > 0;
}

sockaddr_in at_loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

OwnPort::OwnPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in any = at_loopback(0);
  REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
  REQUIRE(listen(socket_, 8) == 0);
}

OwnPort::~OwnPort() { ::close(socket_); }

std::string OwnPort::address() const {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  return "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
}

int OwnPort::accept() const {
  return comes_within_patience(socket_, POLLIN) ? accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)
                                                : -1;
}

// ---- the link

PairingPeer::PairingPeer(const crypto::Identity& identity, Rng& rng, crypto::LinkPurpose purpose)
    : device_(identity.device()), identity_(identity, rng), purpose_(purpose), rng_(rng) {}

void PairingPeer::hang_up() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

bool PairingPeer::dial(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = at_loopback(port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return false;
  link_.emplace(
      crypto::Role::kInitiator, purpose_, identity_, [](const DeviceId&) { return true; }, rng_);
  return send(link_->start()) && secure();
}

bool PairingPeer::answer(const OwnPort& port) {
  socket_ = port.accept();
  link_.emplace(
      crypto::Role::kResponder, purpose_, identity_, [](const DeviceId&) { return true; }, rng_);
  return socket_ >= 0 && secure();
}

bool PairingPeer::secure() {
  while (!agent_ && receive()) {
  }
  return agent_.has_value();
}

bool PairingPeer::send(ByteView bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool PairingPeer::receive() {
  std::array<std::uint8_t, 4096> part;
  if (!comes_within_patience(socket_, POLLIN)) return false;
  const ssize_t got = recv(socket_, part.data(), part.size(), 0);
  ended_ = got <= 0;
  if (ended_) return false;
  bytes_heard_ += static_cast<std::size_t>(got);
  return take(ByteView(part).first(static_cast<std::size_t>(got)));
}

bool PairingPeer::take(ByteView bytes) {
  auto heard = link_->hear(bytes);
  if (heard.peer) agent_ = heard.peer;
  for (Bytes& each : heard.messages) messages_.push_back(std::move(each));
  if (heard.failure || !send(heard.to_send)) return false;
  return heard.peer ? take({}) : true;
}

bool PairingPeer::say(ByteView message) {
  const auto sealed = link_->seal(message);
  return sealed && send(*sealed);
}

std::optional<Bytes> PairingPeer::hear() {
  while (messages_.empty()) {
    if (!receive()) return std::nullopt;
  }
  Bytes first = std::move(messages_.front());
  messages_.pop_front();
  return first;
}

std::optional<agent::PairingMessage> PairingPeer::hear_message() {
  const auto bytes = hear();
  if (!bytes) return std::nullopt;
  auto message = agent::decode_pairing(*bytes);
  LANYARD_CHECK(message.has_value(), "an agent's messages are well-formed");
  return std::move(*message);
}

crypto::Cpace PairingPeer::cpace(const crypto::PairingCode& code) {
  const bool joins = link_->role() == crypto::Role::kInitiator;
  const std::string digits = code.digits();
  const DeviceId& joiner = joins ? device_ : agent_->device;
  const DeviceId& host = joins ? agent_->device : device_;
  return {link_->role(),
          {as_bytes(digits), agent_->handshake_hash.view(), joiner.view(), host.view(), {}},
          rng_};
}

// ---- people

Json PairingClient::next() {
  while (true) {
    const auto line = control_.receive();
    if (!line) return {{"error", line.error().detail}};
    if (line->id == request_) return Json::parse(line->json);
  }
}

Json PairingClient::end() {
  while (true) {
    Json line = next();
    if (line.contains("paired") || line.contains("error")) return line;
  }
}

crypto::PairingCode PairingClient::open() {
  request_ = control_.send("pair.open", "{}").value();
  const Json shown = next();
  INFO(shown.dump());
  REQUIRE(shown.contains("code"));
  return *crypto::PairingCode::parse(shown.at("code").at("digits").get<std::string>());
}

void PairingClient::close() {
  static_cast<void>(control_.send("pair.close", "{}"));
  const Json last = end();
  INFO(last.dump());
  REQUIRE(last.contains("error"));
}

void PairingClient::join(const crypto::PairingCode& code, const std::string& address) {
  const Json params{{"code", code.digits()}, {"at", address}};
  request_ = control_.send("pair.join", params.dump()).value();
}

void PairingClient::say_yes() {
  static_cast<void>(control_.send("pair.answer", Json{{"yes", true}}.dump()));
}

crypto::PairingCode other_code(const crypto::PairingCode& code) {
  std::string digits = code.digits();
  digits.front() = digits.front() == '1' ? '2' : '1';
  return *crypto::PairingCode::parse(digits);
}

}  // namespace lanyard::hostile
