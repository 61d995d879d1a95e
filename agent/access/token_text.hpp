#pragma once

#include <string>
#include <string_view>

#include "replication/ports.hpp"

/// The text by which an app proves that it has a token. Pure.
namespace lanyard::agent {

/// What every token begins with, so that people and programs that look for leaked secrets know one.
inline constexpr std::string_view kTokenPrefix = "lanyard_";

/// "lanyard_" and 32 random bytes as base64url without padding (RFC 4648, 5): 43 characters.
[[nodiscard]] std::string make_token_text(Rng& rng);

/// Whether it has the shape of one: nothing else is worth a hash.
[[nodiscard]] bool is_token_text(std::string_view text);

/// BLAKE2b-256 of the text: what is stored, and looked up. No salt and no slow hash: nobody guesses
/// 32 random bytes. Who compares hashes learns nothing about the text by the time that it takes.
[[nodiscard]] Hash hash_of_token(std::string_view text, const Hasher& hasher);

}  // namespace lanyard::agent
