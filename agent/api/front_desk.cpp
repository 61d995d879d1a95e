#include "agent/api/front_desk.hpp"

#include <algorithm>

#include "agent/access/token_text.hpp"
#include "agent/ascii_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

HttpAnswer refusal(int status, std::string code, std::string title, std::string why,
                   std::string fix) {
  return problem_answer(status,
                        {std::move(code), std::move(title), std::move(why), std::move(fix), 2});
}

HeadOrder refused(HttpAnswer answer, Fields fields = {}) {
  HeadOrder out;
  out.answer = std::move(answer);
  out.fields = std::move(fields);
  return out;
}

std::optional<std::string> field(const HeadView& head, std::string_view name) {
  const auto value = head.field(name);
  return value ? std::optional(std::string(*value)) : std::nullopt;
}

Approach approach_of(const HeadView& head) {
  Approach out;
  out.method = std::string(head.method);
  out.host = field(head, "Host").value_or("");
  out.origin = field(head, "Origin");
  out.fetch_site = field(head, "Sec-Fetch-Site");
  out.content_type = field(head, "Content-Type");
  out.has_body = head.has_body;
  return out;
}

// ---- cross-origin (Fetch, CORS)

/// A page of an origin that some app may speak from may read the answers.
Fields origin_fields(const Approach& approach) {
  if (!approach.origin) return {};
  return {{"Access-Control-Allow-Origin", *approach.origin},
          {"Access-Control-Expose-Headers", "ETag"},
          {"Vary", "Origin"}};
}

/// The question that a browser asks before it sends what a page wants to send.
HeadOrder answer_preflight(const HeadView& head, const std::string& allowed, Fields fields) {
  fields.emplace_back("Access-Control-Allow-Methods", allowed);
  fields.emplace_back("Access-Control-Allow-Headers",
                      "Authorization, Content-Type, If-Match, If-None-Match, Accept");
  fields.emplace_back("Access-Control-Max-Age", "600");
  if (head.field("Access-Control-Request-Private-Network"))
    fields.emplace_back("Access-Control-Allow-Private-Network", "true");
  HttpAnswer answer;
  answer.status = 204;
  return refused(std::move(answer), std::move(fields));
}

// ---- who speaks

HttpAnswer not_signed_in(const std::string& why) {
  HttpAnswer out = refusal(401, "LY-W005", "This needs a token", why,
                           "Make one: lanyard token create --app NAME --space SPACE");
  out.fields.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

std::string why_refused(AccessTable::Refusal refusal) {
  switch (refusal) {
    case AccessTable::Refusal::kUnknown: break;
    case AccessTable::Refusal::kExpired: return "the token has expired";
    case AccessTable::Refusal::kOtherOrigin: return "the token is bound to another origin";
  }
  return "the token is not known here, or was revoked";
}

tl::expected<Access, HttpAnswer> identify(ApiRoom& room, const HeadView& head,
                                          const Approach& approach) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto said = head.field("Authorization");
  if (!said) return tl::unexpected(not_signed_in("there is no Authorization header"));
  if (!said->starts_with(kScheme) || !is_token_text(said->substr(kScheme.size())))
    return tl::unexpected(not_signed_in("the Authorization header is not Bearer and a token"));
  const Hash hash = hash_of_token(said->substr(kScheme.size()), room.hasher);
  const WallTime now = room.host.wall();
  const auto found = room.access.find(hash, approach.origin, now);
  if (!found) return tl::unexpected(not_signed_in(why_refused(found.error())));
  if (found->token) room.access.used(*found->token, now);
  return *found;
}

// ---- the body

bool takes(const Route& route, std::string_view type) {
  switch (route.takes) {
    case Takes::kNothing: return type.empty() || type == "application/json";
    case Takes::kJson: return type == "application/json";
    case Takes::kPatch: return type == "application/json" || type == "application/merge-patch+json";
    case Takes::kJsonOrLines: return type == "application/json" || type == "application/x-ndjson";
  }
  return false;
}

HeadOrder order_for(ApiRoom& room, const Route& route, ApiCall call) {
  HeadOrder out;
  if (call.content_type == "application/x-ndjson") {
    out.body_max = std::numeric_limits<std::uint64_t>::max();
    out.take = [&room, take = route.take, call = std::move(call)](const ApiReply& reply) {
      return take(room, call, reply);
    };
    return out;
  }
  out.body_max = route.takes == Takes::kNothing ? 0 : limits::kJsonBodyMax;
  const auto kept = std::make_shared<ApiCall>(std::move(call));
  out.go = [&room, handle = route.call, kept](std::string body, const ApiReply& reply) {
    kept->body = std::move(body);
    handle(room, *kept, reply);
  };
  return out;
}

std::optional<std::string> unquoted(const std::optional<std::string>& tag) {
  if (!tag || tag->size() < 2 || !tag->starts_with('"') || !tag->ends_with('"')) return tag;
  return tag->substr(1, tag->size() - 2);
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (is_same_text(trimmed(list.substr(0, comma)), word)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

/// What RFC 6455, 4.2.1 wants of a request that is to become a WebSocket.
HeadOrder upgrade(ApiRoom& room, const HeadView& head, const Approach& approach,
                  const Route& route) {
  const auto is = [&](std::string_view name, std::string_view word) {
    return has_word(head.field(name).value_or(""), word);
  };
  if (!is("Upgrade", "websocket") || !is("Connection", "upgrade")) {
    HttpAnswer answer = refusal(426, "LY-W006", "This is a WebSocket",
                                "the request does not ask for one", "Connect with ws://.");
    answer.fields.emplace_back("Upgrade", "websocket");
    return refused(std::move(answer));
  }
  const auto key = head.field("Sec-WebSocket-Key");
  if (!is("Sec-WebSocket-Version", "13") || !key || key->size() != 24 || !key->ends_with("==")) {
    HttpAnswer answer = refusal(400, "LY-W006", "This is a WebSocket",
                                "its version or key is not as RFC 6455 has it", "");
    answer.fields.emplace_back("Sec-WebSocket-Version", "13");
    return refused(std::move(answer));
  }
  HeadOrder out;
  out.upgrade = [&room, make = route.upgrade,
                 origin = approach.origin](std::shared_ptr<SocketLine> line) {
    return make(room, std::move(line), origin);
  };
  return out;
}

HeadOrder follow(ApiRoom& room, const HeadView& head, const Approach& approach, const Route& route,
                 ApiCall call) {
  if (route.need != Need::kNothing) {
    auto who = identify(room, head, approach);
    if (!who) return refused(std::move(who).error());
    call.access = std::move(*who);
  }
  if (route.need == Need::kManage && !call.access.may_manage)
    return refused(refusal(403, "LY-A006", "This is not allowed", "this token may not do that",
                           "Make one that may: lanyard token create --manage"));
  call.content_type = media_type(approach.content_type.value_or(""));
  const bool brings = approach.has_body || route.takes != Takes::kNothing;
  if (brings && !takes(route, call.content_type))
    return refused(refusal(415, "LY-W003", "A body of this type is not read here",
                           route.takes == Takes::kNothing ? "this request has no body"
                                                          : "the type is not one that is read here",
                           "/v1/openapi.json says which; mostly application/json."));
  if (route.upgrade) return upgrade(room, head, approach, route);
  call.if_match = unquoted(field(head, "If-Match"));
  // Only a record that is not there has this version.
  if (field(head, "If-None-Match") == "*") call.if_match = "0";
  call.accept = field(head, "Accept").value_or("");
  return order_for(room, route, std::move(call));
}

HeadOrder receive_allowed(ApiRoom& room, const HeadView& head, const Approach& approach) {
  const std::size_t question = head.target.find('?');
  const std::string_view path = head.target.substr(0, question);
  Match match = find_route(api_routes(), head.method, path);
  if (!match.route && match.allowed.empty())
    return refused(refusal(404, "LY-D004", "There is no such thing",
                           "nothing of this agent has this path", "See /v1/openapi.json."));
  if (!match.route && head.method == "OPTIONS" && approach.origin &&
      head.field("Access-Control-Request-Method"))
    return answer_preflight(head, match.allowed, {});
  if (!match.route) {
    HttpAnswer answer =
        refusal(405, "LY-W004", "This cannot be done here",
                "the path has other methods: " + match.allowed, "See /v1/openapi.json.");
    answer.fields.emplace_back("Allow", match.allowed);
    return refused(std::move(answer));
  }
  auto query = QueryText::parse(
      question == std::string_view::npos ? std::string_view() : head.target.substr(question + 1));
  if (!query) return refused(problem_answer(query.error()));
  ApiCall call;
  call.names = std::move(match.names);
  call.query = std::move(*query);
  return follow(room, head, approach, *match.route, std::move(call));
}

}  // namespace

HeadOrder receive(ApiRoom& room, const HeadView& head) {
  const Approach approach = approach_of(head);
  if (const auto refuse = refuse_approach(approach, room.doors))
    return refused(refusal(refuse->status, refuse->code, refuse->title, refuse->why, refuse->fix));
  HeadOrder order = receive_allowed(room, head, approach);
  for (auto& each : origin_fields(approach)) order.fields.push_back(std::move(each));
  return order;
}

}  // namespace lanyard::agent
