#include "agent/compat/compat_gate.hpp"

#include <algorithm>

#include "agent/api/upgrade_request.hpp"
#include "agent/display_text.hpp"
#include "agent/json_writer.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kAgentNameMax = 400;

HeadOrder compat_preflight(const HeadView& head) {
  HttpAnswer answer;
  answer.status = 204;
  answer.fields.emplace_back("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  if (const auto asked = head.field("Access-Control-Request-Headers"))
    answer.fields.emplace_back("Access-Control-Allow-Headers", std::string(*asked));
  if (head.field("Access-Control-Request-Private-Network"))
    answer.fields.emplace_back("Access-Control-Allow-Private-Network", "true");
  return answered(std::move(answer));
}

/// Nothing: it may speak.
std::optional<HttpAnswer> refuse_visitor(const Approach& approach, const CompatGate& gate) {
  const auto is_listed = [&](const std::string& origin) {
    return std::find(gate.origins.begin(), gate.origins.end(), origin) != gate.origins.end();
  };
  if (approach.origin && !is_listed(*approach.origin))
    return compat_error(403,
                        "pages of this origin may not use this listener: lanyard compat enable "
                        "with --origin allows one");
  const Doors doors{gate.port, is_listed};
  const auto refusal = refuse_approach(approach, doors);
  if (!refusal) return std::nullopt;
  return compat_error(refusal->status == 415 ? 415 : 403, refusal->why);
}

}  // namespace

HttpAnswer compat_error(int status, std::string_view why) {
  JsonWriter out;
  out.begin_object().member("error", display_text(why)).end_object();
  return {status, "application/json", out.take(), {}};
}

HttpAnswer compat_error(const Error& error) { return compat_error(status_of(error), error.detail); }

HeadOrder pass_gate(const HeadView& head, const CompatGate& gate,
                    const std::function<HeadOrder()>& serve) {
  const Approach approach = approach_of(head);
  if (auto refusal = refuse_visitor(approach, gate)) return answered(std::move(*refusal));
  HeadOrder order = head.method == "OPTIONS" ? compat_preflight(head) : serve();
  if (approach.origin) order.fields.emplace_back("Access-Control-Allow-Origin", *approach.origin);
  order.fields.emplace_back("Vary", "Origin");
  return order;
}

void with_space(SpaceDirectory& directory, const std::string& name, const ApiReply& reply,
                const std::function<void(const SpaceId& space)>& go) {
  directory.find(name, [reply, go](const Result<SpaceId>& space) {
    space ? go(*space) : reply.send(compat_error(space.error()));
  });
}

std::string compat_client(std::string_view kind, const HeadView& head) {
  std::string out(kind);
  out += '\n';
  out += head.field("Origin").value_or("");
  out += '\n';
  out += head.field("User-Agent").value_or("").substr(0, kAgentNameMax);
  return out;
}

}  // namespace lanyard::agent
