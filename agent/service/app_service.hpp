#pragma once

#include "agent/access/request_desk.hpp"
#include "agent/service/token_service.hpp"
#include "agent/socket_program.hpp"

namespace lanyard::agent {

/// Apps that ask for access, and a person's answer to them. Belongs to the api thread.
class AppService {
 public:
  /// Runs a job on the api thread after this time; or never, where that ends before.
  using After = std::function<void(std::chrono::milliseconds time, std::function<void()> job)>;

  AppService(const ServiceHost& host, const Hasher& hasher, Rng& rng, TokenService& tokens,
             After after)
      : host_(host), hasher_(hasher), rng_(rng), tokens_(tokens), after_(std::move(after)) {}

  struct Asked {
    AppRequest request;
    std::string secret;  ///< by which the app asks what became of it; told once, and kept nowhere
  };
  /// kBusy, or the errors of check_app_wish(), where ask() will say so whatever the program is.
  [[nodiscard]] Status may_ask(const AppWish& wish, const std::optional<std::string>& page,
                               const SocketProgram& from);
  /// `page`: the Origin that the browser says; nothing: a program asks. Errors as check_app_wish()
  /// and RequestDesk::ask() have them.
  /// `from`: who has the connection.
  [[nodiscard]] Result<Asked> ask(AppWish wish, const std::optional<std::string>& page,
                                  const SocketProgram& from = {});
  /// What became of the request of this id, for whoever has its secret and is of the same page.
  /// kNotFound for everybody else. `take`: with the token, which is handed out once, and which
  /// takes the place of those that the same app had on the same page before.
  [[nodiscard]] Result<RequestDesk::Answer> answer(const std::string& id, std::string_view secret,
                                                   const std::optional<std::string>& page,
                                                   bool take);

  // ---- for the person alone

  [[nodiscard]] std::vector<AppRequest> waiting() const { return desk_.waiting(now_at(host_)); }
  /// What was granted: the request's wish, narrowed, and the new token's id. The request goes on
  /// waiting if that fails. A token that nobody comes for is revoked after kAppRequestKept.
  struct Granted {
    storage::TokenId token;
    AppWish wish;
  };
  void allow(const std::string& id, const Narrowing& narrowing, const Done<Granted>& done);
  /// The one that was refused.
  [[nodiscard]] Result<AppRequest> refuse(const std::string& id);

 private:
  void end_earlier(std::string_view token);
  void on_token(const AppRequest& request, const Granted& granted,
                const Result<TokenService::Created>& created, const Done<Granted>& done);

  const ServiceHost& host_;
  const Hasher& hasher_;
  Rng& rng_;
  TokenService& tokens_;
  After after_;
  RequestDesk desk_;
};

}  // namespace lanyard::agent
