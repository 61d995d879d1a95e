#include "agent/api/front_desk.hpp"

#include <algorithm>

#include "agent/access/token_text.hpp"
#include "agent/api/upgrade_request.hpp"
#include "agent/api/who_speaks.hpp"
#include "agent/ascii_text.hpp"
#include "agent/json_slices.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// Of whoever asks for access: four times the text of the longest request.
constexpr std::uint64_t kLittleBodyMax = 8 * limits::kKiB;

/// What libraries add to every request of a page: traces (W3C Trace Context, Baggage; Sentry) and
/// the mark of XMLHttpRequest. Nothing here reads them.
constexpr std::string_view kPassedOver =
    "traceparent, tracestate, baggage, sentry-trace, X-Requested-With";

using Fields = std::vector<std::pair<std::string, std::string>>;

HttpAnswer refusal(int status, std::string code, std::string title, std::string why,
                   std::string fix) {
  return problem_answer(status,
                        {std::move(code), std::move(title), std::move(why), std::move(fix), 2});
}

/// Whether it is a stranger's request, or the question whether that may be sent.
bool is_for_strangers(const HeadView& head) {
  const auto asked = head.field("Access-Control-Request-Method");
  const std::string_view method = head.method == "OPTIONS" ? asked.value_or("") : head.method;
  return find_open_route(api_routes(), method, head.path()) != nullptr;
}

// ---- cross-origin (Fetch, CORS)

/// A page of an origin that some app may speak from may read the answers.
Fields origin_fields(const Approach& approach) {
  if (!approach.origin) return {};
  return {{"Access-Control-Allow-Origin", *approach.origin},
          {"Access-Control-Expose-Headers", "ETag"},
          {"Vary", "Origin"}};
}

/// The question that a browser asks before it sends what a page wants to send. A stranger is not
/// told what else there is.
HeadOrder answer_preflight(const HeadView& head, const std::string& allowed) {
  Fields fields;
  fields.emplace_back("Access-Control-Allow-Methods", allowed);
  fields.emplace_back(
      "Access-Control-Allow-Headers",
      "Authorization, Content-Type, If-Match, If-None-Match, Accept, " + std::string(kPassedOver));
  fields.emplace_back("Access-Control-Max-Age", "600");
  if (head.field("Access-Control-Request-Private-Network"))
    fields.emplace_back("Access-Control-Allow-Private-Network", "true");
  HttpAnswer answer;
  answer.status = 204;
  HeadOrder out = answered(std::move(answer));
  out.fields = std::move(fields);
  return out;
}

// ---- who speaks

HttpAnswer not_signed_in(const std::string& why) {
  HttpAnswer out = refusal(401, "LY-W005", "This needs a token", why,
                           "Make one: lanyard token create --app NAME --space SPACE");
  out.fields.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

tl::expected<Access, HttpAnswer> identify(ApiRoom& room, const HeadView& head,
                                          const Approach& approach,
                                          std::shared_ptr<Standing>& standing) {
  const std::string_view token = bearer_of(head);
  if (!head.field("Authorization"))
    return tl::unexpected(not_signed_in("there is no Authorization header"));
  if (!is_token_text(token))
    return tl::unexpected(not_signed_in("the Authorization header is not Bearer and a token"));
  const Hash hash = hash_of_token(token, room.hasher);
  const Speaker speaker{approach.origin, approach.fetch_site, approach.host};
  const auto found = who_speaks(room, hash, speaker);
  if (!found) return tl::unexpected(not_signed_in(why_refused(found.error())));
  if (found->token) room.access.used(*found->token, room.host.wall());
  standing = std::make_shared<Standing>(room, hash, speaker);
  return *found;
}

/// Once more, when the whole body is there or an answer is about to go: the token may be good no
/// more by then. Nothing where none is needed.
std::optional<HttpAnswer> refuse_late(const std::shared_ptr<Standing>& standing) {
  if (!standing) return std::nullopt;
  const auto found = standing->access();
  return found ? std::nullopt : std::optional(not_signed_in(why_refused(found.error())));
}

/// What is wrong with how much whoever speaks was given.
std::optional<HttpAnswer> refuse_access(Need need, const Access& access) {
  if (need == Need::kManage && !access.may_manage)
    return refusal(403, "LY-A006", "This is not allowed", "this token may not do that",
                   "Make one that may: lanyard token create --manage");
  if (need == Need::kPerson && access.who != Access::Who::kPerson)
    return refusal(403, "LY-A006", "This is not allowed", "only a person may do that, and no app",
                   "Sign in with  lanyard ui, or use the command line.");
  return {};
}

// ---- the body

bool takes(const Route& route, std::string_view type) {
  switch (route.takes) {
    case Takes::kNothing: return type.empty() || type == "application/json";
    case Takes::kJson:
    case Takes::kQuestion:
    case Takes::kLittleJson: return type == "application/json";
    case Takes::kPatch: return type == "application/json" || type == "application/merge-patch+json";
    case Takes::kJsonOrLines: return type == "application/json" || is_lines_type(type);
  }
  return false;
}

/// What clients send that always send a body.
bool says_nothing(std::string_view body) {
  std::string marks;
  for (const char c : without_byte_order_mark(body))
    if (std::string_view(" \t\r\n").find(c) == std::string_view::npos) marks += c;
  return marks.empty() || marks == "{}" || marks == "null";
}

HeadOrder order_for(ApiRoom& room, const Route& route, ApiCall call) {
  HeadOrder out;
  if (is_lines_type(call.content_type)) {
    out.body_max = std::numeric_limits<std::uint64_t>::max();
    out.memory_per_byte = 0;
    out.take = [&room, take = route.take, call = std::move(call)](const ApiReply& reply) {
      return take(room, call, reply);
    };
    return out;
  }
  const bool takes_nothing = route.takes == Takes::kNothing;
  out.body_max =
      takes_nothing || route.takes == Takes::kLittleJson ? kLittleBodyMax : limits::kJsonBodyMax;
  out.only_reads = route.method == "GET" || route.takes == Takes::kQuestion;
  const auto kept = std::make_shared<ApiCall>(std::move(call));
  // What was written before is acknowledged; what was read is not told any more.
  if (out.only_reads && kept->standing)
    out.refuse_late = [standing = kept->standing] { return refuse_late(standing); };
  out.go = [&room, handle = route.call, kept, takes_nothing](std::string body,
                                                             const ApiReply& reply) {
    if (takes_nothing && !says_nothing(body))
      return reply.error(Error(Code::kUsage, "this request takes nothing from its body",
                               "Leave the body out, or send {}; what it takes stands in its "
                               "address, see /v1/openapi.json."));
    if (auto refuse = refuse_late(kept->standing)) return reply.send(std::move(*refuse));
    kept->body = std::move(body);
    handle(room, *kept, reply);
  };
  return out;
}

std::optional<TagCondition> tags_of(const HeadView& head, std::string_view name) {
  const auto said = head.list(name);
  return said ? std::optional(TagCondition::parse(*said)) : std::nullopt;
}

HeadOrder upgrade(ApiRoom& room, const HeadView& head, const Approach& approach,
                  const Route& route) {
  if (const auto refuse = refuse_upgrade(head)) {
    HttpAnswer answer =
        refusal(refuse->status, "LY-W006", "This is a WebSocket", refuse->why, refuse->fix);
    answer.fields.push_back(refuse->field);
    return answered(std::move(answer));
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
  if (route.need == Need::kStranger && head.owner) call.owner = head.owner();
  if (route.need > Need::kNothing) {
    auto who = identify(room, head, approach, call.standing);
    if (!who) return answered(std::move(who).error());
    if (auto refuse = refuse_access(route.need, *who)) return answered(std::move(*refuse));
    call.access = std::move(*who);
  }
  call.content_type = media_type(approach.content_type.value_or(""));
  const bool brings = approach.has_body || route.takes != Takes::kNothing;
  if (brings && !takes(route, call.content_type))
    return answered(refusal(415, "LY-W003", "A body of this type is not read here",
                            route.takes == Takes::kNothing
                                ? "this request has no body"
                                : "the type is not one that is read here",
                            "/v1/openapi.json says which; mostly application/json."));
  if (route.upgrade) return upgrade(room, head, approach, route);
  call.if_match = tags_of(head, "If-Match");
  call.if_none_match = tags_of(head, "If-None-Match");
  call.accept = head.text("Accept").value_or("");
  call.origin = approach.origin;
  call.bearer = bearer_of(head);
  call.is_head = head.method == "HEAD";
  return order_for(room, route, std::move(call));
}

HeadOrder receive_allowed(ApiRoom& room, const HeadView& head, const Approach& approach) {
  const std::string_view path = head.path();
  Match match = find_route(api_routes(), head.method, path);
  if (!match.route && match.allowed.empty())
    return answered(refusal(404, "LY-D004", "There is no such thing",
                            "nothing of this agent has this path", "See /v1/openapi.json."));
  if (!match.route && head.method == "OPTIONS" && approach.origin &&
      head.field("Access-Control-Request-Method"))
    return answer_preflight(head, room.doors.is_known(*approach.origin)
                                      ? match.allowed
                                      : std::string(*head.field("Access-Control-Request-Method")));
  if (!match.route) {
    HttpAnswer answer =
        refusal(405, "LY-W004", "This cannot be done here",
                "the path has other methods: " + match.allowed, "See /v1/openapi.json.");
    answer.fields.emplace_back("Allow", match.allowed);
    return answered(std::move(answer));
  }
  auto query = QueryText::parse(head.query());
  if (!query) return answered(problem_answer(query.error()));
  ApiCall call;
  call.names = std::move(match.names);
  call.query = std::move(*query);
  return follow(room, head, approach, *match.route, std::move(call));
}

}  // namespace

HeadOrder receive(ApiRoom& room, const HeadView& head) {
  Approach approach = approach_of(head);
  approach.is_for_strangers = approach.origin && is_for_strangers(head);
  if (const auto refuse = refuse_approach(approach, room.doors)) {
    HttpAnswer answer =
        refusal(refuse->status, refuse->code, refuse->title, refuse->why, refuse->fix);
    if (approach.is_for_worker) answer.fields.push_back(cleared_storage());
    return answered(std::move(answer));
  }
  HeadOrder order = receive_allowed(room, head, approach);
  for (auto& each : origin_fields(approach)) order.fields.push_back(std::move(each));
  return order;
}

}  // namespace lanyard::agent
