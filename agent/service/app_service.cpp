#include "agent/service/app_service.hpp"

#include "agent/access/token_text.hpp"
#include "agent/logging.hpp"

namespace lanyard::agent {
namespace {

tl::unexpected<Error> not_yours() {
  return fail(Code::kNotFound, "there is no request of that id and secret",
              "Ask again: POST /v1/apps/requests");
}

}  // namespace

Status AppService::may_ask(const AppWish& wish, const std::optional<std::string>& page,
                           const SocketProgram& from) {
  LANYARD_TRY(check_app_wish(wish));
  return desk_.may_ask({{}, page, from.user, from.program, from.is_shared}, now_at(host_));
}

Result<AppService::Asked> AppService::ask(AppWish wish, const std::optional<std::string>& page,
                                          const SocketProgram& from) {
  LANYARD_TRY(check_app_wish(wish));
  RequestId id;
  rng_.fill(id.bytes);
  Asked out;
  out.secret = make_token_text(rng_);
  LANYARD_TRY_SET(out.request, desk_.ask(id,
                                         {hash_of_token(out.secret, hasher_), page, from.user,
                                          from.program, from.is_shared},
                                         std::move(wish), now_at(host_)));
  // Its name is an app's own word, and does not get into the log.
  log_info("request " + to_hex(id.view()) + " of an app waits for an answer: lanyard apps");
  return out;
}

Result<RequestDesk::Answer> AppService::answer(const std::string& id, std::string_view secret,
                                               const std::optional<std::string>& page, bool take) {
  const auto digits = from_hex(id);
  const auto request = digits ? RequestId::from(*digits) : std::nullopt;
  if (!request || !is_token_text(secret)) return not_yours();
  const RequestDesk::Asker asker{hash_of_token(secret, hasher_), page};
  const auto answer = desk_.answer(*request, asker, host_.mono(), take);
  if (answer && !answer->token.empty()) end_earlier(answer->token);
  return answer ? Result<RequestDesk::Answer>(*answer) : not_yours();
}

/// Only now that the app has the new one.
void AppService::end_earlier(std::string_view token) {
  tokens_.revoke_earlier(hash_of_token(token, hasher_),
                         [](const Result<std::vector<TokenView>>& ended) {
                           if (!ended)
                             log_warning("an app's earlier tokens stay: " + ended.error().detail);
                         });
}

void AppService::allow(const std::string& id, const Narrowing& narrowing,
                       const Done<Granted>& done) {
  const auto request = desk_.find(id, now_at(host_));
  if (!request) return done(fail(request.error()));
  auto wish = narrowed(request->wish, narrowing);
  if (!wish) return done(fail(wish.error()));
  if (const Status taken = desk_.take(request->id, host_.mono()); !taken)
    return done(fail(taken.error()));
  const TokenWish token{wish->app,       wish->origin, wish->spaces, wish->all_spaces,
                        wish->may_write, false,        std::nullopt};
  tokens_.create(token, [this, request = *request, granted = Granted{{}, std::move(*wish)},
                         done](const Result<TokenService::Created>& created) {
    on_token(request, granted, created, done);
  });
}

void AppService::on_token(const AppRequest& request, const Granted& granted,
                          const Result<TokenService::Created>& created, const Done<Granted>& done) {
  if (!created) {
    desk_.put_back(request.id);
    return done(fail(created.error()));
  }
  desk_.allowed(request.id, created->text, host_.mono());
  log_info("request " + to_hex(request.id.view()) + " of an app was allowed: token " +
           to_hex(created->id.view()));
  after_(kAppRequestKept, [this, request = request.id, token = created->id] {
    if (!desk_.has_token(request)) return;
    desk_.forget(request);
    tokens_.revoke(to_hex(token.view()), [](const Result<std::vector<TokenView>>& revoked) {
      if (!revoked) log_warning("a token that nobody came for stays: " + revoked.error().detail);
    });
  });
  done(Granted{created->id, granted.wish});
}

Result<AppRequest> AppService::refuse(const std::string& id) {
  LANYARD_TRY_SET(AppRequest request, desk_.find(id, now_at(host_)));
  LANYARD_TRY(desk_.refuse(request.id, host_.mono()));
  log_info("request " + to_hex(request.id.view()) + " of an app was denied");
  return request;
}

}  // namespace lanyard::agent
