#include "agent/service/sign_in_service.hpp"

#include "agent/access/token_text.hpp"

namespace lanyard::agent {

std::string SignInService::invite() {
  std::string secret = make_token_text(rng_);
  table_.invite(hash_of_token(secret, hasher_), host_.mono());
  return secret;
}

Result<std::string> SignInService::sign_in(std::string_view secret) {
  std::string token = make_token_text(rng_);
  const bool is_good =
      is_token_text(secret) &&
      table_.open(hash_of_token(secret, hasher_), hash_of_token(token, hasher_), host_.mono());
  if (is_good) return token;
  return fail(Code::kNotAllowed, "this link was used before, or is older than a minute",
              "Get a new one: lanyard ui");
}

void SignInService::sign_out(std::string_view token) {
  table_.close(hash_of_token(token, hasher_));
}

}  // namespace lanyard::agent
