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

  /// The address of a page, with a secret that is good for it alone, once, for kSignInWithin: for
  /// the person alone. The page has a name that nobody could know before (page_name.hpp).
  [[nodiscard]] std::string invite(std::uint16_t port);
  /// The token of a new session. kNotAllowed for a secret that was never given, was given for
  /// another page, was used, or is too old.
  [[nodiscard]] Result<std::string> sign_in(std::string_view secret, const std::string& origin);
  /// The origin of the page that has the session of this token's hash, which goes on then.
  [[nodiscard]] std::optional<std::string> page_of(const Hash& token) {
    return table_.use(token, host_.mono());
  }
  /// The same without being a use of it.
  [[nodiscard]] std::optional<std::string> still_page_of(const Hash& token) const {
    return table_.origin_of(token, host_.mono());
  }
  /// How long it is until the next session ends by itself; nothing: there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_end() const {
    return table_.next_end(host_.mono());
  }
  void sign_out(std::string_view token);

 private:
  const ServiceHost& host_;
  const Hasher& hasher_;
  Rng& rng_;
  SessionTable table_;
};

}  // namespace lanyard::agent
