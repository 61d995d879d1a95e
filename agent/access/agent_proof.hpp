#pragma once

#include <optional>
#include <string_view>

#include "replication/ports.hpp"

/// By which a client knows that the program at a port is its agent, before it shows its token there
/// (docs/API.md). Pure.
namespace lanyard::agent {

/// What the agent signs with its device's Ed25519 key: "lanyard-agent-proof-v1", the port that it
/// serves at as two bytes, the high one first, and the client's nonce. The port stands in it
/// because a program that has another port could have the agent sign a nonce that it was asked.
[[nodiscard]] Bytes agent_proof_message(std::uint16_t port, ByteView nonce);

/// A nonce as clients write it: 16 to 64 bytes as base64url without padding. Nothing for any other
/// text.
[[nodiscard]] std::optional<Bytes> read_proof_nonce(std::string_view text);

}  // namespace lanyard::agent
