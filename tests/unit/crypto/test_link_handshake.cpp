#include "crypto/link_handshake.hpp"

#include "tests/unit/crypto/crypto_test.hpp"

namespace lanyard::crypto {
namespace {

bool anyone(const DeviceId&) { return true; }

LinkPreface a_preface() {
  const std::string_view sent("LNYD\0\1\0\1LNYD\0\1\0\0", LinkPreface::kSize);
  return LinkPreface::from(as_bytes(sent)).value();
}

/// What two devices say to each other, one message after the other; each may be changed on the way.
struct Meeting {
  RepeatableRng rng;
  Identity alice = Identity::make_ephemeral(rng);
  Identity bob = Identity::make_ephemeral(rng);
  LinkIdentity alice_link{alice, rng};
  LinkIdentity bob_link{bob, rng};
  LinkHandshake dialer{Role::kInitiator, alice_link, a_preface(), LinkPurpose::kSync, anyone, rng};
  LinkHandshake listener{Role::kResponder, bob_link, a_preface(), LinkPurpose::kSync, anyone, rng};

  Bytes first() { return dialer.start().value(); }
  Bytes second() { return listener.receive(first()).value().to_send; }
  /// The dialer's last step: it has a link, the listener not yet.
  LinkHandshake::Step third() { return dialer.receive(second()).value(); }
};

TEST_CASE("two devices that shake hands know each other and share a link") {
  Meeting meeting;
  auto last = meeting.third();
  auto at_bob = meeting.listener.receive(last.to_send);
  REQUIRE((at_bob && at_bob->link && last.link));
  CHECK(at_bob->to_send.empty());
  CHECK(last.link->remote == meeting.bob.device());
  CHECK(at_bob->link->remote == meeting.alice.device());
  CHECK(last.link->handshake_hash == at_bob->link->handshake_hash);
  for (const std::string_view text : {"one", "two", ""}) {
    Bytes frame;
    Bytes plain;
    REQUIRE(last.link->cipher.seal(as_bytes(text), frame));
    REQUIRE(at_bob->link->cipher.open(frame, plain));
    CHECK(as_text(plain) == text);
    REQUIRE(at_bob->link->cipher.seal(as_bytes(text), frame));
    REQUIRE(last.link->cipher.open(frame, plain));
    CHECK(as_text(plain) == text);
  }
}

TEST_CASE("handshake messages have the sizes that their bytes add up to") {
  Meeting meeting;
  const auto last = meeting.third();
  CHECK(Meeting().first().size() == 32);
  CHECK(Meeting().second().size() == 32 + 48 + 101 + 16);
  CHECK(last.to_send.size() == 48 + 101 + 1 + 16);
  CHECK(LinkHandshake::kMessageBytesMax == Meeting().second().size());
}

TEST_CASE("no two handshakes have the same hash, and no two processes the same static key") {
  Meeting meeting;
  const auto first = meeting.third();
  LinkHandshake dialer(Role::kInitiator, meeting.alice_link, a_preface(), LinkPurpose::kSync,
                       anyone, meeting.rng);
  LinkHandshake listener(Role::kResponder, meeting.bob_link, a_preface(), LinkPurpose::kSync,
                         anyone, meeting.rng);
  const auto again = dialer.receive(listener.receive(dialer.start().value())->to_send);
  REQUIRE(again);
  CHECK(again->link->handshake_hash != first.link->handshake_hash);
  const LinkIdentity after_restart(meeting.alice, meeting.rng);
  CHECK(after_restart.noise_static().public_key != meeting.alice_link.noise_static().public_key);
}

/// What became of a handshake of which something was changed.
void check_failed(LinkHandshake& at, const Result<LinkHandshake::Step>& step) {
  REQUIRE_FALSE(step);
  REQUIRE((step.error().is(Code::kUnauthenticated) || step.error().is(Code::kMalformed)));
  // Terminal: not even a message that would have been right helps any more.
  REQUIRE(code_of(at.receive({})) == Code::kProtocol);
}

TEST_CASE("no bit of the first message can be changed") {
  for (std::size_t at = 0; at < 32; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Meeting meeting;
      const auto answer = meeting.listener.receive(flipped(meeting.first(), at, bit));
      REQUIRE(answer);  // it is a key like any other; the dialer sees that it is not its own
      check_failed(meeting.dialer, meeting.dialer.receive(answer->to_send));
    }
  }
}

TEST_CASE("no byte of the second message can be changed") {
  const std::size_t size = Meeting().second().size();
  for (std::size_t at = 0; at < size; ++at) {
    for (const unsigned bit : {0U, 7U}) {
      Meeting meeting;
      check_failed(meeting.dialer, meeting.dialer.receive(flipped(meeting.second(), at, bit)));
    }
  }
}

TEST_CASE("no byte of the third message can be changed") {
  const std::size_t size = Meeting().third().to_send.size();
  for (std::size_t at = 0; at < size; ++at) {
    for (const unsigned bit : {0U, 7U}) {
      Meeting meeting;
      const auto last = meeting.third();
      check_failed(meeting.listener, meeting.listener.receive(flipped(last.to_send, at, bit)));
    }
  }
}

TEST_CASE("a handshake message that is cut or has more behind it is refused") {
  const auto change = GENERATE(as<int>(), -1000, -1, 1, 1000);
  const auto resized = [change](Bytes message) {
    const auto size = static_cast<std::ptrdiff_t>(message.size()) + change;
    message.resize(static_cast<std::size_t>(std::max<std::ptrdiff_t>(size, 0)));
    return message;
  };
  Meeting one;
  check_failed(one.listener, one.listener.receive(resized(one.first())));
  Meeting two;
  check_failed(two.dialer, two.dialer.receive(resized(two.second())));
  Meeting three;
  check_failed(three.listener, three.listener.receive(resized(three.third().to_send)));
}

TEST_CASE("no byte of the preface can be changed, so nobody talks two devices down") {
  for (std::size_t at = 0; at < LinkPreface::kSize; ++at) {
    Meeting meeting;
    const auto changed = *LinkPreface::from(flipped(a_preface().view(), at));
    LinkHandshake listener(Role::kResponder, meeting.bob_link, changed, LinkPurpose::kSync, anyone,
                           meeting.rng);
    const auto answer = listener.receive(meeting.first());
    REQUIRE(answer);
    check_failed(meeting.dialer, meeting.dialer.receive(answer->to_send));
  }
}

TEST_CASE("a message reflected to its sender is refused") {
  SECTION("the first") {
    Meeting meeting;
    const Bytes first = meeting.first();
    check_failed(meeting.dialer, meeting.dialer.receive(first));
  }
  SECTION("the second") {
    Meeting meeting;
    const Bytes second = meeting.second();
    check_failed(meeting.listener, meeting.listener.receive(second));
  }
  SECTION("the third") {
    Meeting meeting;
    const auto last = meeting.third();
    CHECK(code_of(meeting.dialer.receive(last.to_send)) == Code::kProtocol);
  }
}

TEST_CASE("a device that is led to itself refuses, on both sides") {
  Meeting meeting;
  LinkHandshake own_listener(Role::kResponder, meeting.alice_link, a_preface(), LinkPurpose::kSync,
                             anyone, meeting.rng);
  const auto answer = own_listener.receive(meeting.first());
  REQUIRE(answer);
  CHECK(code_of(meeting.dialer.receive(answer->to_send)) == Code::kUnauthenticated);
  // Another process of the same device, with another Noise key, is the same device.
  const LinkIdentity twin(meeting.bob, meeting.rng);
  LinkHandshake dialer(Role::kInitiator, twin, a_preface(), LinkPurpose::kSync, anyone,
                       meeting.rng);
  const auto second = meeting.listener.receive(dialer.start().value());
  REQUIRE(second);
  CHECK(code_of(dialer.receive(second->to_send)) == Code::kUnauthenticated);
}

TEST_CASE("a replayed first message leads to nothing without its secret") {
  Meeting meeting;
  const Bytes first = meeting.first();
  const auto original = meeting.listener.receive(first);
  const auto last = meeting.dialer.receive(original->to_send);
  REQUIRE(last);
  LinkHandshake fresh(Role::kResponder, meeting.bob_link, a_preface(), LinkPurpose::kSync, anyone,
                      meeting.rng);
  const auto answer = fresh.receive(first);
  REQUIRE(answer);
  CHECK(answer->to_send != original->to_send);
  check_failed(fresh, fresh.receive(last->to_send));  // the recorded third message with it
}

TEST_CASE("a replayed second message is refused by a new handshake") {
  Meeting recorded;
  const Bytes second = recorded.second();
  LinkHandshake fresh(Role::kInitiator, recorded.alice_link, a_preface(), LinkPurpose::kSync,
                      anyone, recorded.rng);
  REQUIRE(fresh.start());
  check_failed(fresh, fresh.receive(second));
}

TEST_CASE("a message that comes again or too early is refused") {
  SECTION("the first, twice") {
    Meeting meeting;
    const Bytes first = meeting.first();
    REQUIRE(meeting.listener.receive(first));
    check_failed(meeting.listener, meeting.listener.receive(first));
  }
  SECTION("the third, before the first") {
    Meeting meeting;
    Meeting elsewhere;
    check_failed(elsewhere.listener, elsewhere.listener.receive(meeting.third().to_send));
  }
  SECTION("the third, twice") {
    Meeting meeting;
    const auto last = meeting.third();
    REQUIRE(meeting.listener.receive(last.to_send));
    CHECK(code_of(meeting.listener.receive(last.to_send)) == Code::kProtocol);
  }
  SECTION("anything, before the dialer has started") {
    Meeting meeting;
    CHECK(code_of(meeting.dialer.receive(Bytes(32, 9))) == Code::kProtocol);
    CHECK(code_of(meeting.dialer.start()) == Code::kProtocol);
  }
  SECTION("a start, twice") {
    Meeting meeting;
    REQUIRE(meeting.dialer.start());
    CHECK(code_of(meeting.dialer.start()) == Code::kProtocol);
  }
  SECTION("a start by a listener") {
    Meeting meeting;
    CHECK(code_of(meeting.listener.start()) == Code::kProtocol);
  }
}

TEST_CASE("a dialer does not tell a device that it does not accept who it is") {
  Meeting meeting;
  std::vector<DeviceId> asked;
  LinkHandshake dialer(
      Role::kInitiator, meeting.alice_link, a_preface(), LinkPurpose::kSync,
      [&asked](const DeviceId& remote) {
        asked.push_back(remote);
        return false;
      },
      meeting.rng);
  const auto second = meeting.listener.receive(dialer.start().value());
  CHECK(code_of(dialer.receive(second->to_send)) == Code::kForgotten);
  CHECK(asked == std::vector{meeting.bob.device()});
  CHECK(code_of(dialer.receive(second->to_send)) == Code::kProtocol);
}

TEST_CASE("nobody is asked about a device that has not proven who it is") {
  Meeting meeting;
  const auto never = [](const DeviceId&) {
    FAIL("asked");
    return true;
  };
  LinkHandshake dialer(Role::kInitiator, meeting.alice_link, a_preface(), LinkPurpose::kSync, never,
                       meeting.rng);
  const auto second = meeting.listener.receive(dialer.start().value());
  CHECK_FALSE(dialer.receive(flipped(second->to_send, 150)));
}

/// What an honest dialer that wants to sync puts behind its certificate.
Bytes for_sync(Bytes certificate) {
  certificate.push_back(0);
  return certificate;
}

/// The payload that a dishonest dialer puts into its third message.
Result<LinkHandshake::Step> listener_given(ByteView payload, Meeting& meeting,
                                           const X25519KeyPair& noise_static) {
  Bytes prologue = to_bytes(as_bytes("lanyard-link-v1"));
  append(prologue, a_preface().view());
  NoiseHandshake dialer(Role::kInitiator, noise_static, prologue, meeting.rng);
  const auto second = meeting.listener.receive(dialer.write_message({}).value());
  REQUIRE(dialer.read_message(second.value().to_send));
  return meeting.listener.receive(dialer.write_message(payload).value());
}

TEST_CASE("a listener believes only a certificate for the Noise key that was used") {
  Meeting meeting;
  const auto& own = meeting.alice_link.noise_static();
  SECTION("its own: the dialer is who it says") {
    const auto step =
        listener_given(for_sync(encode(certify(meeting.alice, own.public_key))), meeting, own);
    REQUIRE(step);
    CHECK(step->link->remote == meeting.alice.device());
  }
  SECTION("a certificate that was seen elsewhere, for another Noise key") {
    const LinkIdentity earlier(meeting.alice, meeting.rng);
    check_failed(meeting.listener,
                 listener_given(for_sync(encode(earlier.certificate())), meeting, own));
  }
  SECTION("another device's name over the own signature") {
    auto certificate = certify(meeting.alice, own.public_key);
    certificate.device = Identity::make_ephemeral(meeting.rng).device();
    check_failed(meeting.listener, listener_given(for_sync(encode(certificate)), meeting, own));
  }
  SECTION("a signature without the label") {
    const LinkCertificate bare{meeting.alice.device(), meeting.alice.sign(own.public_key.view())};
    check_failed(meeting.listener, listener_given(for_sync(encode(bare)), meeting, own));
  }
  SECTION("a certificate and no purpose, or one that there is not") {
    Bytes payload = encode(certify(meeting.alice, own.public_key));
    if (GENERATE(false, true)) payload.push_back(2);
    check_failed(meeting.listener, listener_given(payload, meeting, own));
  }
  SECTION("nothing") { check_failed(meeting.listener, listener_given({}, meeting, own)); }
}

TEST_CASE("a listener learns what the dialer wants, and only from the dialer") {
  Meeting meeting;
  const LinkPurpose purpose = GENERATE(LinkPurpose::kSync, LinkPurpose::kPair);
  LinkHandshake dialer(Role::kInitiator, meeting.alice_link, a_preface(), purpose, anyone,
                       meeting.rng);
  const auto second = meeting.listener.receive(dialer.start().value());
  const auto third = dialer.receive(second.value().to_send);
  const auto last = meeting.listener.receive(third.value().to_send);
  CHECK(third->link->purpose == purpose);
  CHECK(last.value().link->purpose == purpose);
}

TEST_CASE("a first message with a payload is refused") {
  Meeting meeting;
  Bytes first = meeting.first();
  first.push_back(0);
  CHECK(code_of(meeting.listener.receive(first)) == Code::kMalformed);
}

/// Both ends of a link after a good handshake.
struct Link {
  Link() {
    Meeting meeting;
    auto last = meeting.third();
    at_bob.emplace(std::move(meeting.listener.receive(last.to_send)->link->cipher));
    at_alice.emplace(std::move(last.link->cipher));
  }
  std::optional<LinkCipher> at_alice;
  std::optional<LinkCipher> at_bob;
};

TEST_CASE("a link carries frames up to the largest and refuses larger ones unharmed") {
  Link link;
  Bytes frame;
  Bytes plain;
  const Bytes largest(LinkCipher::kPlainBytesMax, 7);
  REQUIRE(link.at_alice->seal(largest, frame));
  CHECK(frame.size() == limits::kFrameBytesMax);
  REQUIRE(link.at_bob->open(frame, plain));
  CHECK(plain == largest);
  for (const std::size_t size : {largest.size() + 1, 10 * largest.size()})
    CHECK(code_of(link.at_alice->seal(Bytes(size), frame)) == Code::kTooLarge);
  REQUIRE(link.at_alice->seal(as_bytes("goes on"), frame));
  REQUIRE(link.at_bob->open(frame, plain));
  CHECK(as_text(plain) == "goes on");
}

TEST_CASE("a frame that was changed, dropped, repeated, reordered or reflected ends the link") {
  Link link;
  Bytes first;
  Bytes second;
  Bytes plain;
  REQUIRE(link.at_alice->seal(as_bytes("first"), first));
  REQUIRE(link.at_alice->seal(as_bytes("second"), second));
  SECTION("changed") { CHECK_FALSE(link.at_bob->open(flipped(first, 3), plain)); }
  SECTION("dropped or reordered") { CHECK_FALSE(link.at_bob->open(second, plain)); }
  SECTION("repeated") {
    REQUIRE(link.at_bob->open(first, plain));
    CHECK_FALSE(link.at_bob->open(first, plain));
  }
  SECTION("empty") { CHECK_FALSE(link.at_bob->open({}, plain)); }
  SECTION("reflected") {
    CHECK_FALSE(link.at_alice->open(first, plain));
    link.at_bob.swap(link.at_alice);
  }
  CHECK(plain.empty());
  CHECK(code_of(link.at_bob->open(second, plain)) == Code::kProtocol);
}

}  // namespace
}  // namespace lanyard::crypto
