#include "agent/port_holder.hpp"

#include <catch2/catch.hpp>

#include "agent/access/agent_proof.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

constexpr auto kListening =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1E50 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 "
    "111 1 0\n"
    "   1: 3201A8C0:1E50 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 "
    "222 1 0\n"
    "   2: 0100007F:1E50 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1002        0 "
    "333 1 0\n"
    "   3: 00000000:1E51 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1003        0 "
    "444 1 0\n"
    "   4: 00000000000000000000000001000000:1E52 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000  1004        0 555 1 0\n"
    "   5: rubbish\n";

}  // namespace

TEST_CASE("whoever listens at a port of this machine is found in the table") {
  CHECK(listener_in(kListening, 0x1E50) == ListeningSocket{1002, 333});
  CHECK(listener_in(kListening, 0x1E51) == ListeningSocket{1003, 444});
  CHECK(listener_in(kListening, 0x1E52) == ListeningSocket{1004, 555});
  CHECK_FALSE(listener_in(kListening, 0x1E53));
  CHECK_FALSE(listener_in("", 0x1E50));
}

TEST_CASE("a proof of the agent is good for its nonce and its port alone") {
  const auto nonce = read_proof_nonce(std::string(43, 'A'));
  REQUIRE(nonce);
  CHECK(nonce->size() == 32);
  for (const std::string& text : {std::string(), std::string(20, 'A'), std::string(88, 'A'),
                                  std::string(43, '!'), std::string(43, 'A') + "="})
    CHECK_FALSE(read_proof_nonce(text));
  const Bytes message = agent_proof_message(7760, *nonce);
  CHECK(message.size() == 22 + 2 + 32);
  CHECK(agent_proof_message(7761, *nonce) != message);
  Bytes other = *nonce;
  other[0] ^= 1;
  CHECK(agent_proof_message(7760, other) != message);
}
