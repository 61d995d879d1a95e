#include "agent/pairing/talk.hpp"

#include "replication/types/check.hpp"

namespace lanyard::agent {
namespace {

crypto::Cpace cpace_of(crypto::Role role, const PairingEnds& ends, const crypto::PairingCode& code,
                       Rng& rng) {
  std::string digits = code.digits();
  crypto::Cpace cpace(
      role, {as_bytes(digits), ends.handshake.view(), ends.joiner.view(), ends.host.view(), {}},
      rng);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(digits.data()), digits.size()});
  return cpace;
}

tl::unexpected<Error> out_of_turn() {
  return fail(Code::kProtocol, "a message of a pairing that was not to come now");
}

}  // namespace

// ---- the host

HostTalk::Heard HostTalk::hear(ByteView message, discovery::Tick now) {
  const auto decoded = decode_pairing(message);
  auto heard = decoded ? take(*decoded, now) : Result<Heard>(fail(decoded.error()));
  if (!heard) {
    stage_ = Stage::kOver;
    return {Event::kNothing, {}, heard.error()};
  }
  return std::move(*heard);
}

Result<HostTalk::Heard> HostTalk::take(const PairingMessage& message, discovery::Tick now) {
  if (const auto* share = std::get_if<PairShare>(&message); share && stage_ == Stage::kShare)
    return take_share(*share, now);
  if (const auto* tag = std::get_if<PairTag>(&message); tag && stage_ == Stage::kTag)
    return take_tag(*tag, now);
  if (const auto* accept = std::get_if<PairAccept>(&message); accept && stage_ == Stage::kAccept) {
    theirs_ = accept->facts;
    stage_ = Stage::kOver;
    return Heard{Event::kAccepted, {}, std::nullopt};
  }
  return out_of_turn();
}

Result<HostTalk::Heard> HostTalk::take_share(const PairShare& message, discovery::Tick now) {
  const auto& offer = window_.offer(now);
  serial_ = offer ? offer->serial : 0;
  // Drawn in any case: what is done does not tell whether a window is open.
  const crypto::PairingCode nobodys = crypto::PairingCode::random(rng_);
  cpace_.emplace(cpace_of(crypto::Role::kResponder, ends_, offer ? offer->code : nobodys, rng_));
  LANYARD_TRY(cpace_->take(message.share));
  stage_ = Stage::kTag;
  return Heard{Event::kNothing, encode(PairShare{cpace_->share()}), std::nullopt};
}

HostTalk::Heard HostTalk::take_tag(const PairTag& message, discovery::Tick now) {
  const bool is_right = cpace_->is_confirmed(message.tag);
  const auto guess = window_.guess(serial_, is_right, now);
  if (guess == PairingWindow::Guess::kRight) {
    stage_ = Stage::kFacts;
    return {Event::kMatched, {}, std::nullopt};
  }
  stage_ = Stage::kOver;
  const bool is_used = guess == PairingWindow::Guess::kWrong;
  return {is_used ? Event::kWrong : Event::kNothing, {}, Error(Code::kNotAllowed, "a wrong code")};
}

Bytes HostTalk::welcome(PairingFacts own) {
  LANYARD_CHECK(stage_ == Stage::kFacts, "only who knows the code is welcome");
  stage_ = Stage::kAccept;
  own_ = std::move(own);
  return encode(PairWelcome{cpace_->tag(), *own_});
}

// ---- the joiner

JoinTalk::JoinTalk(const PairingEnds& ends, const crypto::PairingCode& code, Rng& rng)
    : host_(ends.host), cpace_(cpace_of(crypto::Role::kInitiator, ends, code, rng)) {}

JoinTalk::Heard JoinTalk::hear(ByteView message) {
  const auto decoded = decode_pairing(message);
  auto heard = decoded ? take(*decoded) : Result<Heard>(fail(decoded.error()));
  if (!heard) {
    stage_ = Stage::kOver;
    return {Event::kNothing, {}, heard.error()};
  }
  return std::move(*heard);
}

Result<JoinTalk::Heard> JoinTalk::take(const PairingMessage& message) {
  if (const auto* share = std::get_if<PairShare>(&message); share && stage_ == Stage::kShare) {
    LANYARD_TRY(cpace_.take(share->share));
    stage_ = Stage::kWelcome;
    has_guessed_ = true;
    return Heard{Event::kNothing, encode(PairTag{cpace_.tag()}), std::nullopt};
  }
  if (const auto* welcome = std::get_if<PairWelcome>(&message);
      welcome && stage_ == Stage::kWelcome) {
    if (!cpace_.is_confirmed(welcome->tag))
      return fail(Code::kUnauthenticated, "the other side did not prove that it knows the code");
    theirs_ = welcome->facts;
    stage_ = Stage::kAsk;
    return Heard{Event::kMatched, {}, std::nullopt};
  }
  if (std::holds_alternative<PairDone>(message) && stage_ == Stage::kDone) {
    stage_ = Stage::kOver;
    return Heard{Event::kDone, {}, std::nullopt};
  }
  return out_of_turn();
}

Bytes JoinTalk::accept(const PairingFacts& own) {
  LANYARD_CHECK(stage_ == Stage::kAsk, "only who knows the code is accepted");
  stage_ = Stage::kDone;
  return encode(PairAccept{own});
}

}  // namespace lanyard::agent
