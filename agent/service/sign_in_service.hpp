#pragma once

#include "agent/access/session_table.hpp"
#include "agent/service/service_host.hpp"

namespace lanyard::agent {

/// Signing a page of the agent's own in, by a secret that the control socket gave. Belongs to the
/// api thread.
class SignInService {
 public:
  SignInService(const ServiceHost& host, const Hasher& hasher, Rng& rng)
      : host_(host), hasher_(hasher), rng_(rng) {}

  /// A secret that is good for one page, for kSignInWithin: for the person alone.
  [[nodiscard]] std::string invite();
  /// The token of a new session. kNotAllowed for a secret that was never given, was used, or is
  /// too old.
  [[nodiscard]] Result<std::string> sign_in(std::string_view secret);
  /// Whether the token of this hash is that of a session, which goes on being one then.
  [[nodiscard]] bool is_signed_in(const Hash& token) { return table_.use(token, host_.mono()); }
  void sign_out(std::string_view token);

 private:
  const ServiceHost& host_;
  const Hasher& hasher_;
  Rng& rng_;
  SessionTable table_;
};

}  // namespace lanyard::agent
