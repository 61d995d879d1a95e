#include <array>

#include "agent/api/handlers.hpp"
#include "agent/json/app_json.hpp"
#include "agent/socket_program.hpp"

/// Apps that ask for access; the person's answer, and tokens, for pages that a person signed in.
namespace lanyard::agent {
namespace {

/// An app's page need not ask more often.
constexpr std::int64_t kAppPollEveryMs = 2000;

// ---- for apps

Result<AppWish> read_app_wish(Params& in, const std::optional<std::string>& page) {
  AppWish wish;
  LANYARD_TRY_SET(wish.app, in.text("app"));
  LANYARD_TRY_SET(const auto origin, in.optional_text("origin"));
  if (page && origin && *origin != *page)
    return fail(Code::kNotAllowed, "the page asks for another origin than its own",
                "Leave \"origin\" out: the browser says it.");
  wish.origin = page ? *page : origin.value_or("");
  if (in.optional_json("spaces")) {
    LANYARD_TRY_SET(wish.spaces, in.texts("spaces"));
  }
  LANYARD_TRY_SET(wish.all_spaces, in.boolean("allSpaces", false));
  LANYARD_TRY_SET(wish.may_write, in.boolean("write", false));
  LANYARD_TRY_SET(const auto why, in.optional_text("why"));
  wish.why = why.value_or("");
  LANYARD_TRY(in.finish());
  return wish;
}

Result<std::string> asked_json(Result<AppService::Asked> asked) {
  if (!asked) return fail(asked.error());
  JsonWriter out;
  out.begin_object().member("request", to_hex(asked->request.id.view()));
  out.member("secret", asked->secret).member("pollMs", kAppPollEveryMs);
  return out.member("expiresMs", asked->request.expires_ms).end_object().take();
}

/// Looks the program up, which takes a while, where the request may be taken at all.
Status take_request(ApiRoom& room, ApiCall& call, AppWish wish, const ApiReply& reply) {
  LANYARD_TRY(room.reception.apps.may_ask(wish, call.origin, user_of(call.owner)));
  const auto ask = [&room, reply, page = call.origin,
                    wish = std::move(wish)](const Result<SocketProgram>& from) {
    if (!from) return reply.error(from.error());
    const auto json = asked_json(room.reception.apps.ask(wish, page, *from));
    json ? reply.json(*json, 202) : reply.error(json.error());
  };
  return room.asking.add({call.owner, [reply] { return reply.is_there(); }, ask}, room.finder);
}

void ask_for_access(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    if (call.origin && room.doors.is_own_origin(*call.origin))
      return fail(Code::kNotAllowed, "a page of the agent itself is signed in by a person",
                  "Open it with  lanyard ui.");
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(AppWish wish, read_app_wish(in, call.origin));
    return take_request(room, call, std::move(wish), reply);
  });
}

constexpr std::string_view state_name(RequestDesk::State state) {
  switch (state) {
    case RequestDesk::State::kWaiting: return "waiting";
    case RequestDesk::State::kAllowed: return "allowed";
    case RequestDesk::State::kRefused: return "refused";
    case RequestDesk::State::kExpired: return "expired";
  }
  return "";
}

/// The token goes with the answer to a GET, and to no HEAD: nobody would have it then.
void get_answer(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(
        const RequestDesk::Answer answer,
        room.reception.apps.answer(call.names.front(), call.bearer, call.origin, !call.is_head));
    JsonWriter out;
    out.begin_object().member("state", state_name(answer.state));
    if (!answer.token.empty()) out.member("token", answer.token);
    reply.json(out.end_object().take());
    return {};
  });
}

// ---- for the person

void list_requests(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.json(requests_json(room.reception.apps.waiting()));
    return {};
  });
}

void allow_request(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const Narrowing narrowing, read_narrowing(in));
    room.reception.apps.allow(call.names.front(), narrowing,
                              [reply](const Result<AppService::Granted>& granted) {
                                reply.answer(granted, granted_json);
                              });
    return {};
  });
}

void deny_request(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(const AppRequest refused, room.reception.apps.refuse(call.names.front()));
    reply.json(refused_json(refused));
    return {};
  });
}

void list_tokens(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.reception.tokens.list({}, [reply](const Result<std::vector<TokenView>>& tokens) {
      reply.answer(tokens, tokens_json);
    });
    return {};
  });
}

void revoke_token(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.reception.tokens.revoke(call.names.front(),
                                 [reply](const Result<std::vector<TokenView>>& revoked) {
                                   reply.answer(revoked, revoked_json);
                                 });
    return {};
  });
}

// ---- the person's session

/// The secret is not used up by a page that may not have it.
void sign_in(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    if (!call.origin || !room.doors.is_own_origin(*call.origin))
      return fail(Code::kNotAllowed, "only a page of this agent can be signed in",
                  "Open it with  lanyard ui.");
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const std::string secret, in.text("secret"));
    LANYARD_TRY(in.finish());
    LANYARD_TRY_SET(const std::string token, room.reception.sign_in.sign_in(secret, *call.origin));
    look_at_standings(room);  // one more may have ended another
    JsonWriter out;
    out.begin_object().member("token", token);
    out.member("idleMs", std::chrono::milliseconds(kSessionIdleMax).count());
    reply.json(out.end_object().take());
    return {};
  });
}

void sign_out(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.reception.sign_in.sign_out(call.bearer);
    look_at_standings(room);
    reply.send({204, "", "", {}});
    return {};
  });
}

constexpr std::array kAppRoutes = std::to_array<Route>({
    {"POST", "/v1/apps/requests", Need::kStranger, ask_for_access, Takes::kLittleJson},
    {"GET", "/v1/apps/requests/{id}", Need::kStranger, get_answer},
    {"GET", "/v1/apps/requests", Need::kPerson, list_requests},
    {"POST", "/v1/apps/requests/{id}/allow", Need::kPerson, allow_request, Takes::kLittleJson},
    {"POST", "/v1/apps/requests/{id}/deny", Need::kPerson, deny_request},
    {"GET", "/v1/apps/tokens", Need::kPerson, list_tokens},
    {"DELETE", "/v1/apps/tokens/{id}", Need::kPerson, revoke_token},
    {"POST", "/v1/session", Need::kNothing, sign_in, Takes::kLittleJson},
    {"DELETE", "/v1/session", Need::kPerson, sign_out},
});

}  // namespace

std::span<const Route> app_routes() { return kAppRoutes; }

}  // namespace lanyard::agent
