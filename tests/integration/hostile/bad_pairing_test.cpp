// Whoever stands between two devices that are being paired, and what is said at the end of a
// pairing by one who knows the code.
#include <algorithm>
#include <catch2/catch.hpp>
#include <future>

#include "replication/types/device_id_text.hpp"
#include "tests/integration/hostile/pairing_peer.hpp"
#include "tests/unit/oplog/oplog_test.hpp"

namespace lanyard::hostile {
namespace {

using agent::PairAccept;
using agent::PairShare;
using agent::PairTag;
using agent::PairWelcome;

/// A host with a window, a joiner, and Mallory, to whose port the joiner is sent.
struct Table {
  AgentProcess host;
  AgentProcess joiner;
  PairingClient window{host};
  PairingClient typing{joiner};
  oplog::Device mallory{7};
  OwnPort port;
  PairingPeer to_joiner{mallory.identity, mallory.chance};
  PairingPeer to_host{mallory.identity, mallory.chance};

  /// What the joiner says first, to Mallory; who has called the host.
  Bytes share_of_joiner(const crypto::PairingCode& typed) {
    typing.join(typed, port.address());
    REQUIRE(to_joiner.answer(port));
    REQUIRE(to_host.dial(host.sync_port()));
    auto share = to_joiner.hear();
    REQUIRE(share);
    return *share;
  }
  void check_nobody_is_paired() {
    CHECK(typing.end().contains("error"));
    for (AgentProcess* each : {&host, &joiner})
      CHECK(each->call("device.list").at("devices").empty());
  }
  /// The two still can be, with the code that is shown then.
  void check_honest_pairing(const crypto::PairingCode& code) {
    typing.join(code, "127.0.0.1:" + std::to_string(host.sync_port()));
    CHECK(typing.next().contains("found"));
    typing.say_yes();
    CHECK(typing.end().contains("paired"));
    CHECK(window.end().contains("paired"));
  }
};

/// Somebody who takes part in CPace: a share, and then the tag that follows from the other's.
template <class Own>
std::optional<crypto::CpaceTag> own_tag(crypto::Cpace& own, const Own& theirs) {
  if (!own.take(theirs.share)) return std::nullopt;
  return own.tag();
}

agent::PairingFacts facts_named(const std::string& name) {
  agent::PairingFacts facts{name, 7761, {}};
  facts.home.id.bytes.fill(9);
  return facts;
}

crypto::PairingCode shown_in(const Json& event) {
  INFO(event.dump());
  return *crypto::PairingCode::parse(event.at("code").at("digits").get<std::string>());
}

}  // namespace

TEST_CASE("somebody between two devices who hands on every message of a pairing is found out") {
  Table table;
  const auto code = table.window.open();
  REQUIRE(table.to_host.say(table.share_of_joiner(code)));
  REQUIRE(table.to_joiner.say(table.to_host.hear().value()));
  REQUIRE(table.to_host.say(table.to_joiner.hear().value()));
  // The right code, for another link: a wrong guess.
  CHECK(table.to_host.is_closed());
  table.to_joiner.hang_up();
  table.check_nobody_is_paired();
  const Json next = table.window.next();
  CHECK(next.at("code").at("codesLeft") == limits::kPairCodes - 1);
  table.check_honest_pairing(shown_in(next));
}

TEST_CASE("somebody between who knows the code of the host alone does not get the joiner") {
  Table table;
  const auto code = table.window.open();
  const auto share = agent::decode_pairing(table.share_of_joiner(other_code(code)));
  auto host_side = table.to_host.cpace(code);
  REQUIRE(table.to_host.say(encode(PairShare{host_side.share()})));
  const auto hosts = table.to_host.hear_message();
  REQUIRE(table.to_host.say(
      encode(PairTag{own_tag(host_side, std::get<PairShare>(hosts.value())).value()})));
  const auto welcome = table.to_host.hear_message();
  REQUIRE(std::holds_alternative<PairWelcome>(welcome.value()));
  // The joiner gets Mallory's share, made with the code that the host shows.
  auto joiner_side = table.to_joiner.cpace(code);
  REQUIRE(table.to_joiner.say(encode(PairShare{joiner_side.share()})));
  REQUIRE(table.to_joiner.hear());
  const auto tag = own_tag(joiner_side, std::get<PairShare>(share.value())).value();
  REQUIRE(table.to_joiner.say(encode(PairWelcome{tag, facts_named("host")})));
  CHECK(table.to_joiner.is_closed());
  table.to_host.hang_up();
  table.check_nobody_is_paired();
  CHECK(table.window.end().contains("error"));
  table.check_honest_pairing(table.window.open());
}

TEST_CASE("somebody between who knows the code of the joiner alone does not get the host") {
  Table table;
  const auto code = table.window.open();
  const auto typed = other_code(code);
  const auto share = agent::decode_pairing(table.share_of_joiner(typed));
  auto host_side = table.to_host.cpace(typed);
  REQUIRE(table.to_host.say(encode(PairShare{host_side.share()})));
  const auto hosts = table.to_host.hear_message();
  REQUIRE(table.to_host.say(
      encode(PairTag{own_tag(host_side, std::get<PairShare>(hosts.value())).value()})));
  CHECK(table.to_host.is_closed());
  auto joiner_side = table.to_joiner.cpace(typed);
  REQUIRE(table.to_joiner.say(encode(PairShare{joiner_side.share()})));
  REQUIRE(table.to_joiner.hear());
  const auto tag = own_tag(joiner_side, std::get<PairShare>(share.value())).value();
  REQUIRE(table.to_joiner.say(encode(PairWelcome{tag, facts_named("host")})));
  // Its person is asked about Mallory's device, not about the host's.
  const Json found = table.typing.next();
  CHECK(found.at("found").at("id") == to_text(table.mallory.id()));
  table.to_joiner.hang_up();
  table.check_nobody_is_paired();
  table.check_honest_pairing(shown_in(table.window.next()));
}

// ---- names

namespace {

struct NameRow {
  std::string what;
  std::string name;
  bool is_taken = true;
  std::string shown;  ///< to the person who is asked about it
};

std::vector<NameRow> name_rows() {
  return {
      {"C0", "a\x01\x07\nb\r\tc", true, "a\\x01\\x07\\nb\\r\\tc"},
      {"NUL", std::string("a\0b", 3), true, "a\\x00b"},
      {"DEL and C1",
       "a\x7F\xC2\x9B"
       "31mb",
       true, "a\\x7f\\u{009b}31mb"},
      {"an escape that colours and clears", "\x1B[31m\x1B[2Jred", true, "\\x1b[31m\\x1b[2Jred"},
      {"an escape that sets the title", "\x1B]0;pi\x07", true, "\\x1b]0;pi\\x07"},
      {"text that is turned around", "pi\xE2\x80\xAEpotpal", true, "pi\\u{202e}potpal"},
      {"isolates", "\xE2\x81\xA6pi\xE2\x81\xA9", true, "\\u{2066}pi\\u{2069}"},
      {"separators of lines",
       "a\xE2\x80\xA8"
       "b\xE2\x80\xA9",
       true, "a\\u{2028}b\\u{2029}"},
      {"nothing", "", true, ""},
      {"64 bytes", std::string(64, 'x'), true, ""},
      {"65 bytes", std::string(65, 'x'), false, ""},
      {"400 bytes", std::string(400, 'x'), false, ""},
      {"10 kB", std::string(10'000, 'x'), false, ""},
      {"bytes that are no UTF-8", "pi\xFF\xFE", false, ""},
      {"half a character", "pi\xE2\x80", false, ""},
      {"a surrogate", "pi\xED\xA0\x80", false, ""},
      {"an overlong slash", "pi\xC0\xAF", false, ""},
  };
}

/// Nothing in it moves a cursor, hides or turns text around.
void check_is_harmless(const std::string& text) {
  INFO(text);
  CHECK(std::none_of(text.begin(), text.end(), [](unsigned char byte) {
    return (byte < 0x20 && byte != '\n') || byte == 0x7F;
  }));
  for (const char* each : {"\xC2\x9B", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x80\xA8"})
    CHECK(text.find(each) == std::string::npos);
}

/// It is in the list if the two are paired, under a name that can be shown.
void check_listed(AgentProcess& agent, const oplog::Device& peer, const NameRow& row) {
  CHECK(agent.device(to_text(peer.id())).is_null() != row.is_taken);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"devices", "list"}, {"status"}}) {
    const auto done = agent.command(words);
    CHECK(done.code == 0);
    check_is_harmless(done.output);
  }
  check_is_harmless(agent.log());
}

}  // namespace

TEST_CASE("a joiner's name is shown escaped, and one that is too long or no text pairs nobody") {
  AgentProcess agent;
  std::uint64_t seed = 100;
  for (const NameRow& row : name_rows()) {
    INFO(row.what);
    const oplog::Device eve(seed++);
    support::Chance chance(seed);
    PairingClient window(agent);
    PairingPeer peer(eve.identity, chance);
    const auto code = window.open();
    REQUIRE(peer.dial(agent.sync_port()));
    auto own = peer.cpace(code);
    REQUIRE(peer.say(encode(PairShare{own.share()})));
    const auto share = peer.hear_message();
    REQUIRE(peer.say(encode(PairTag{own_tag(own, std::get<PairShare>(share.value())).value()})));
    REQUIRE(peer.hear());  // welcome
    peer.say(encode(PairAccept{facts_named(row.name)}));
    CHECK(peer.hear().has_value() == row.is_taken);
    CHECK(window.end().contains(row.is_taken ? "paired" : "error"));
    check_listed(agent, eve, row);
  }
}

TEST_CASE("a host's name is shown escaped, and one that is too long or no text pairs nobody") {
  AgentProcess agent;
  // Its `default` is shared, so that it need not wait for anybody's who is paired with it.
  const std::string friends_id = to_text(oplog::Device(99).id());
  agent.call("device.add", {{"id", friends_id}});
  agent.call("space.share", {{"space", "default"}, {"device", friends_id}});
  std::uint64_t seed = 200;
  for (const NameRow& row : name_rows()) {
    INFO(row.what);
    const OwnPort port;
    const oplog::Device eve(seed++);
    support::Chance chance(seed);
    PairingPeer peer(eve.identity, chance);
    const auto code = crypto::PairingCode::random(chance);
    auto typing = std::async(std::launch::async, [&] {
      return agent.command({"pair", code.digits(), "--yes", "--at", port.address()});
    });
    REQUIRE(peer.answer(port));
    auto own = peer.cpace(code);
    const auto share = peer.hear_message();
    const auto tag = own_tag(own, std::get<PairShare>(share.value()));
    REQUIRE(peer.say(encode(PairShare{own.share()})));
    REQUIRE(peer.hear());  // its tag
    peer.say(encode(PairWelcome{tag.value(), facts_named(row.name)}));
    CHECK(peer.hear().has_value() == row.is_taken);  // accept
    if (row.is_taken) CHECK(peer.say(encode(agent::PairDone{})));
    const auto typed = typing.get();
    CHECK((typed.code == 0) == row.is_taken);
    check_is_harmless(typed.output);
    CHECK_THAT(typed.output, Catch::Contains(row.shown));
    check_listed(agent, eve, row);
  }
}

}  // namespace lanyard::hostile
