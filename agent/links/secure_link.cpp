#include "agent/links/secure_link.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kLengthBytes = 2;

void append_with_length(Bytes& out, ByteView bytes) {
  out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(bytes.size()));
  append(out, bytes);
}

}  // namespace

SecureLink::SecureLink(crypto::Role role, crypto::LinkPurpose purpose,
                       const crypto::LinkIdentity& own, crypto::LinkHandshake::Accepts accepts,
                       Rng& rng)
    : role_(role), purpose_(purpose), own_(own), accepts_(std::move(accepts)), rng_(rng) {}

Bytes SecureLink::start() {
  if (role_ == crypto::Role::kResponder) return {};
  return to_bytes(wire::offer(wire::VersionRange{}));
}

SecureLink::Heard SecureLink::hear(ByteView bytes) {
  append(buffer_, bytes);
  Heard heard;
  for (bool more = true; more;) {
    const Status taken = take(heard, more);
    if (taken && heard.peer) break;  // whoever it is may say more, or less, than a stranger
    if (taken) continue;
    heard.failure = taken.error();
    more = false;
  }
  return heard;
}

/// Takes one preface or one frame off the buffer, if it is whole.
Status SecureLink::take(Heard& heard, bool& more) {
  more = false;
  if (!handshake_ && !cipher_) {
    if (buffer_.size() < wire::kPrefaceBytes) return {};
    more = true;
    return take_preface(heard);
  }
  if (buffer_.size() < kLengthBytes) return {};
  const std::size_t size = static_cast<std::size_t>(buffer_[0]) << 8 | buffer_[1];
  if (!cipher_ && size > crypto::LinkHandshake::kMessageBytesMax)
    return fail(Code::kTooLarge, "handshake message");
  if (buffer_.size() < kLengthBytes + size) return {};
  more = true;
  const Bytes frame(buffer_.begin() + kLengthBytes,
                    buffer_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + size));
  buffer_.erase(buffer_.begin(),
                buffer_.begin() + static_cast<std::ptrdiff_t>(kLengthBytes + size));
  return cipher_ ? take_frame(frame, heard) : take_handshake(frame, heard);
}

Status SecureLink::take_preface(Heard& heard) {
  wire::Preface theirs;
  std::copy_n(buffer_.begin(), theirs.size(), theirs.begin());
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(theirs.size()));
  if (role_ == crypto::Role::kInitiator) {
    LANYARD_TRY(wire::read_answer(theirs, wire::VersionRange{}));
    return begin_handshake(wire::offer(wire::VersionRange{}), theirs, heard);
  }
  LANYARD_TRY_SET(const wire::VersionRange range, wire::read_offer(theirs));
  const wire::Version choice = wire::choose(wire::VersionRange{}, range);
  const wire::Preface answer = wire::answer(choice);
  append(heard.to_send, answer);
  if (choice == wire::kNoVersion)
    return fail(Code::kNewerVersion,
                "the two speak no wire version in common: update the older Lanyard");
  return begin_handshake(theirs, answer, heard);
}

Status SecureLink::begin_handshake(const wire::Preface& dialers, const wire::Preface& listeners,
                                   Heard& heard) {
  crypto::LinkPreface preface;
  std::copy(dialers.begin(), dialers.end(), preface.bytes.begin());
  std::copy(listeners.begin(), listeners.end(), preface.bytes.begin() + wire::kPrefaceBytes);
  handshake_.emplace(role_, own_, preface, purpose_, accepts_, rng_);
  if (role_ == crypto::Role::kResponder) return {};
  LANYARD_TRY_SET(const Bytes first, handshake_->start());
  append_with_length(heard.to_send, first);
  return {};
}

Status SecureLink::take_handshake(ByteView message, Heard& heard) {
  LANYARD_TRY_SET(auto step, handshake_->receive(message));
  if (!step.to_send.empty()) append_with_length(heard.to_send, step.to_send);
  if (!step.link) return {};
  heard.peer = {step.link->remote, step.link->purpose, step.link->handshake_hash};
  cipher_.emplace(std::move(step.link->cipher));
  handshake_.reset();
  return {};
}

Status SecureLink::take_frame(ByteView frame, Heard& heard) {
  LANYARD_TRY(cipher_->open(frame, plain_));
  LANYARD_TRY_SET(auto message, join_.take(plain_, message_bytes_max_));
  if (message) heard.messages.push_back(std::move(*message));
  return {};
}

Result<Bytes> SecureLink::seal(ByteView message) {
  if (!cipher_) return fail(Code::kProtocol, "the link is not secured yet");
  Bytes out;
  Bytes sealed;
  for (const Bytes& frame : wire::split_frames(message)) {
    LANYARD_TRY(cipher_->seal(frame, sealed));
    append_with_length(out, sealed);
  }
  return out;
}

}  // namespace lanyard::agent
