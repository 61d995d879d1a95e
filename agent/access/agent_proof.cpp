#include "agent/access/agent_proof.hpp"

#include "replication/types/base64url.hpp"

namespace lanyard::agent {
namespace {

constexpr std::string_view kLabel = "lanyard-agent-proof-v1";
constexpr std::size_t kNonceBytesMin = 16;
constexpr std::size_t kNonceBytesMax = 64;

}  // namespace

Bytes agent_proof_message(std::uint16_t port, ByteView nonce) {
  Bytes out;
  append(out, as_bytes(kLabel));
  out.push_back(static_cast<std::uint8_t>(port >> 8));
  out.push_back(static_cast<std::uint8_t>(port));
  append(out, nonce);
  return out;
}

std::optional<Bytes> read_proof_nonce(std::string_view text) {
  auto out = from_base64url(text);
  if (!out || out->size() < kNonceBytesMin || out->size() > kNonceBytesMax) return std::nullopt;
  return out;
}

}  // namespace lanyard::agent
