#include "crypto/link_handshake.hpp"

#include <utility>

#include "replication/types/check.hpp"

namespace lanyard::crypto {
namespace {

constexpr std::string_view kPrologueLabel = "lanyard-link-v1";

Bytes prologue_of(const LinkPreface& preface) {
  Bytes prologue = to_bytes(as_bytes(kPrologueLabel));
  append(prologue, preface.view());
  return prologue;
}

}  // namespace

LinkIdentity::LinkIdentity(const Signer& device, Rng& rng)
    : noise_static_(x25519_pair_of(X25519Secret::random(rng))),
      certificate_(certify(device, noise_static_.public_key)) {}

LinkHandshake::LinkHandshake(Role role, const LinkIdentity& own, const LinkPreface& preface,
                             LinkPurpose purpose, Accepts accepts, Rng& rng)
    : role_(role),
      own_(own),
      purpose_(purpose),
      accepts_(std::move(accepts)),
      noise_(role, own.noise_static(), prologue_of(preface), rng) {
  LANYARD_CHECK(accepts_, "somebody must say which devices are accepted");
}

Result<Bytes> LinkHandshake::start() {
  first_is_done_ = true;
  auto message = noise_.write_message({});
  over_ = over_ || !message;
  return message;
}

Result<LinkHandshake::Step> LinkHandshake::receive(ByteView message) {
  auto step = take(message);
  over_ = over_ || !step || step->link;
  return step;
}

Result<LinkHandshake::Step> LinkHandshake::take(ByteView message) {
  if (over_) return fail(Code::kProtocol, "a handshake message after the handshake");
  if (message.size() > kMessageBytesMax)
    return fail(Code::kMalformed, "a handshake message that is too long");
  LANYARD_TRY_SET(const Bytes payload, noise_.read_message(message));
  if (!std::exchange(first_is_done_, true)) return answer_first(payload);
  LANYARD_TRY(identify(payload));
  Step step;
  if (role_ == Role::kInitiator) {
    Bytes own = encode(own_.certificate());
    own.push_back(static_cast<std::uint8_t>(purpose_));
    LANYARD_TRY_SET(step.to_send, noise_.write_message(own));
  }
  LANYARD_TRY_SET(step.link, finish());
  return step;
}

Result<LinkHandshake::Step> LinkHandshake::answer_first(ByteView payload) {
  if (!payload.empty()) return fail(Code::kMalformed, "a first message with a payload");
  LANYARD_TRY_SET(Bytes answer, noise_.write_message(encode(own_.certificate())));
  return Step{std::move(answer), std::nullopt};
}

Status LinkHandshake::identify(ByteView payload) {
  if (role_ == Role::kResponder) {
    if (payload.empty() || payload.back() > static_cast<std::uint8_t>(LinkPurpose::kPair))
      return fail(Code::kMalformed, "a dialer that does not say what it wants");
    purpose_ = static_cast<LinkPurpose>(payload.back());
    payload = payload.first(payload.size() - 1);
  }
  LANYARD_TRY_SET(const LinkCertificate certificate, decode_link_certificate(payload));
  if (!is_certified(certificate, *noise_.remote_static()))
    return fail(Code::kUnauthenticated, "a Noise key that the device did not sign");
  // Whoever relays our own messages to our own listener would make us our own peer.
  if (certificate.device == own_.device())
    return fail(Code::kUnauthenticated, "the other side is this device itself");
  if (!accepts_(certificate.device)) return fail(Code::kForgotten, "a device that is not accepted");
  remote_ = certificate.device;
  return {};
}

Result<AuthenticatedLink> LinkHandshake::finish() {
  LANYARD_TRY_SET(NoiseTransport transport, noise_.split());
  return AuthenticatedLink{*remote_, purpose_, transport.handshake_hash,
                           LinkCipher(std::move(transport.send), std::move(transport.receive))};
}

}  // namespace lanyard::crypto
