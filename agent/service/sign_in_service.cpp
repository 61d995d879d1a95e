#include "agent/service/sign_in_service.hpp"

#include "agent/access/page_name.hpp"
#include "agent/access/token_text.hpp"

namespace lanyard::agent {

std::string SignInService::invite(std::uint16_t port) {
  const std::string secret = make_token_text(rng_);
  const std::string origin = "http://" + make_page_name(rng_) + ":" + std::to_string(port);
  table_.invite(hash_of_token(secret, hasher_), origin, host_.mono());
  return origin + "/#signin=" + secret;
}

Result<std::string> SignInService::sign_in(std::string_view secret, const std::string& origin) {
  std::string token = make_token_text(rng_);
  const bool is_good =
      is_token_text(secret) && table_.open(hash_of_token(secret, hasher_), origin,
                                           hash_of_token(token, hasher_), host_.mono());
  if (is_good) return token;
  return fail(Code::kNotAllowed,
              "this link was used before, is older than a minute, or was made for another page",
              "Get a new one: lanyard ui");
}

void SignInService::sign_out(std::string_view token) {
  table_.close(hash_of_token(token, hasher_));
}

}  // namespace lanyard::agent
