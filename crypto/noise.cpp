#include "crypto/noise.hpp"

namespace lanyard::crypto {

/// What a message carries or mixes in, in the order of its pattern (Noise rev 34, section 7.1).
enum class NoiseHandshake::Token : std::uint8_t { kE, kS, kEE, kES, kSE };

namespace {

constexpr std::size_t kMessages = 3;

/// The next `size` bytes, taken off the front of `rest`.
Result<ByteView> take(ByteView& rest, std::size_t size) {
  if (rest.size() < size) return fail(Code::kMalformed, "a handshake message that is too short");
  const ByteView taken = rest.first(size);
  rest = rest.subspan(size);
  return taken;
}

tl::unexpected<Error> out_of_turn() {
  return fail(Code::kProtocol, "a handshake message out of turn");
}

}  // namespace

NoiseHandshake::NoiseHandshake(Role role, const X25519KeyPair& own_static, ByteView prologue,
                               Rng& rng)
    : role_(role), own_static_(own_static), rng_(rng), symmetric_(prologue) {}

bool NoiseHandshake::is_complete() const { return !over_ && messages_done_ == kMessages; }

std::span<const NoiseHandshake::Token> NoiseHandshake::tokens() const {
  static constexpr std::array kOne{Token::kE};
  static constexpr std::array kTwo{Token::kE, Token::kEE, Token::kS, Token::kES};
  static constexpr std::array kThree{Token::kS, Token::kSE};
  if (messages_done_ == 0) return kOne;
  if (messages_done_ == 1) return kTwo;
  return kThree;
}

Status NoiseHandshake::check_turn(bool writing) const {
  const bool initiators_turn = messages_done_ % 2 == 0;
  const bool our_turn = initiators_turn == (role_ == Role::kInitiator);
  if (over_ || messages_done_ == kMessages || writing != our_turn) return out_of_turn();
  return {};
}

void NoiseHandshake::finish_turn(bool well) {
  if (well) {
    ++messages_done_;
  } else {
    over_ = true;
  }
  if (over_ || messages_done_ == kMessages) own_ephemeral_.reset();
}

Result<Bytes> NoiseHandshake::write_message(ByteView payload) {
  auto message = write(payload);
  finish_turn(message.has_value());
  return message;
}

Result<Bytes> NoiseHandshake::write(ByteView payload) {
  LANYARD_TRY(check_turn(true));
  Bytes message;
  for (const Token token : tokens()) LANYARD_TRY(write_token(token, message));
  LANYARD_TRY(symmetric_.encrypt_and_hash(payload, message));
  if (message.size() > kMessageBytesMax)
    return fail(Code::kTooLarge, "a handshake message over 65,535 bytes");
  return message;
}

Status NoiseHandshake::write_token(Token token, Bytes& message) {
  if (token == Token::kE) {
    own_ephemeral_ = x25519_pair_of(X25519Secret::random(rng_));
    append(message, own_ephemeral_->public_key.view());
    symmetric_.mix_hash(own_ephemeral_->public_key.view());
    return {};
  }
  if (token == Token::kS)
    return symmetric_.encrypt_and_hash(own_static_.public_key.view(), message);
  return mix_shared(token);
}

Result<Bytes> NoiseHandshake::read_message(ByteView message) {
  auto payload = read(message);
  finish_turn(payload.has_value());
  return payload;
}

Result<Bytes> NoiseHandshake::read(ByteView message) {
  LANYARD_TRY(check_turn(false));
  if (message.size() > kMessageBytesMax)
    return fail(Code::kTooLarge, "a handshake message over 65,535 bytes");
  for (const Token token : tokens()) LANYARD_TRY(read_token(token, message));
  // A payload under a key has at least a tag; shorter is cut off, which is not the same as forged.
  if (symmetric_.has_key() && message.size() < CipherState::kTagSize)
    return fail(Code::kMalformed, "a handshake message that is too short");
  return symmetric_.decrypt_and_hash(message);
}

Status NoiseHandshake::read_token(Token token, ByteView& rest) {
  if (token == Token::kE) {
    LANYARD_TRY_SET(const ByteView key, take(rest, X25519Public::kSize));
    remote_ephemeral_ = X25519Public::from(key);
    symmetric_.mix_hash(key);
    return {};
  }
  if (token == Token::kS) return read_static(rest);
  return mix_shared(token);
}

Status NoiseHandshake::read_static(ByteView& rest) {
  LANYARD_TRY_SET(const ByteView sealed, take(rest, X25519Public::kSize + CipherState::kTagSize));
  LANYARD_TRY_SET(const Bytes key, symmetric_.decrypt_and_hash(sealed));
  remote_static_ = X25519Public::from(key);
  return {};
}

/// The letters of a token name the initiator's key first, then the responder's.
Status NoiseHandshake::mix_shared(Token token) {
  const bool initiator = role_ == Role::kInitiator;
  const bool own_is_static = token == (initiator ? Token::kSE : Token::kES);
  const bool remote_is_static = token == (initiator ? Token::kES : Token::kSE);
  const X25519Secret& own = own_is_static ? own_static_.secret : own_ephemeral_->secret;
  const X25519Public& remote = remote_is_static ? *remote_static_ : *remote_ephemeral_;
  LANYARD_TRY_SET(const Secret<32> shared, x25519(own, remote));
  symmetric_.mix_key(shared);
  return {};
}

Result<NoiseTransport> NoiseHandshake::split() {
  if (!is_complete()) return out_of_turn();
  over_ = true;
  auto [to_responder, to_initiator] = symmetric_.split();
  if (role_ == Role::kInitiator)
    return NoiseTransport{std::move(to_responder), std::move(to_initiator), symmetric_.hash()};
  return NoiseTransport{std::move(to_initiator), std::move(to_responder), symmetric_.hash()};
}

}  // namespace lanyard::crypto
