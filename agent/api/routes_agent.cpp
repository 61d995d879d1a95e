#include <array>

#include "agent/access/agent_proof.hpp"
#include "agent/api/handlers.hpp"
#include "agent/api/live_talk.hpp"
#include "agent/api/openapi.hpp"
#include "agent/api/sync_round.hpp"
#include "agent/build_info.hpp"
#include "agent/metrics/metrics_text.hpp"
#include "agent/metrics/prometheus_text.hpp"
#include "agent/service/names.hpp"
#include "replication/types/base64url.hpp"
#include "replication/types/device_id_text.hpp"

/// The agent itself: whether it lives, what it knows of its devices, its own description.
namespace lanyard::agent {
namespace {

void get_health(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.json(R"({"status":"ok"})");
    return {};
  });
}

/// Whoever asks has shown no token: files are named to people alone.
HttpAnswer not_ready(const Error& error) {
  Problem problem = problem_of(error);
  problem.why = "changes cannot be taken now; lanyard status says where, and why";
  return problem_answer(503, problem);
}

/// Ready: storage answers, and takes what is written, in every space that was tried.
void get_readiness(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    ask_storage<bool>(
        room.host,
        [](storage::Vault& vault) -> Result<bool> {
          LANYARD_TRY(vault.can_write());
          for (const auto& [space, trouble] : vault.troubles())
            if (!trouble.takes_writes) return fail(trouble.error);
          return true;
        },
        [reply](const Result<bool>& ready) {
          if (ready) return reply.json(R"({"status":"ready"})");
          reply.send(not_ready(ready.error()));
        });
    return {};
  });
}

void get_openapi(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.json(std::string(openapi_document()));
    return {};
  });
}

void write_agent(const ApiRoom& room, JsonWriter& out) {
  out.name("agent").begin_object().member("id", to_text(room.host.self));
  out.member("shortId", to_short_text(room.host.self));
  out.member("name", utf8_or_escaped(room.host.self_name)).member("build", kBuild);
  const std::int64_t now_ms = room.host.wall().ms;
  out.member("startedMs", std::min(room.started_ms, now_ms)).member("nowMs", now_ms);
  out.member("syncPort", room.sync_port).member("apiPort", room.doors.port).end_object();
}

void get_status(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    const auto may_see = [access = call.access](const SpaceId& space) {
      return access.may_read(space);
    };
    room.status.get(may_see,
                    [&room, access = call.access, reply](const Result<AgentStatus>& status) {
                      reply.answer(status, [&](const AgentStatus& found) {
                        JsonWriter out;
                        out.begin_object();
                        write_agent(room, out);
                        write_status(seen_by(access, found), out);
                        return out.end_object().take();
                      });
                    });
    return {};
  });
}

/// What the agent counts is told to whoever may read anything; of spaces and devices a token sees
/// those that it sees in the status too.
void get_metrics(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    if (!room.has_metrics)
      return fail(Code::kNotFound, "this agent shows no metrics",
                  "lanyard config set metrics.enabled true, and start the agent again.");
    room.status.glance([&room, access = call.access, reply](const Result<AgentStatus>& status) {
      if (!status) return reply.error(status.error());
      const AgentStatus seen = seen_by(access, *status);
      HttpAnswer answer;
      answer.type = PrometheusText::kType;
      answer.body = metrics_text(
          {room.host.meters, seen, room.host.storage.waiting(), process_memory(), room.started_ms});
      reply.send(std::move(answer));
    });
    return {};
  });
}

void list_devices(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.status.glance([access = call.access, reply](const Result<AgentStatus>& status) {
      reply.answer(status, [&](const AgentStatus& found) {
        JsonWriter out;
        out.begin_object().name("devices").begin_array();
        for (const DeviceStatus& device : seen_by(access, found).devices)
          write_device(device.device, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

std::string report_json(const SyncReport& report) {
  JsonWriter out;
  out.begin_object().member("inStep", report.is_over).member("tookMs", report.took.count());
  out.name("devices").begin_array();
  for (const DeviceStatus& device : report.devices) {
    out.begin_object();
    write_step(device, out);
    out.end_object();
  }
  return out.end_array().end_object().take();
}

void sync_now(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY_SET(const std::int64_t wait_ms, query.integer("waitMs", 10'000, 0, 60'000));
    LANYARD_TRY(query.finish());
    run_sync_round(room, room.after, call.access, std::chrono::milliseconds(wait_ms),
                   [reply, standing = call.standing](const Result<SyncReport>& report) {
                     const Status good = standing->check();  // a round may last for a minute
                     good ? reply.answer(report, report_json) : reply.error(good.error());
                   });
    return {};
  });
}

/// Whoever asks learns what devices on the network see too: the public key, no more.
void get_proof(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    const auto text = query.text("nonce");
    LANYARD_TRY(query.finish());
    const auto nonce = read_proof_nonce(text.value_or(""));
    if (!nonce)
      return fail(Code::kUsage, "nonce is 16 to 64 random bytes as base64url without padding",
                  "Make a new one for each question; docs/API.md shows how.");
    const Signature proof = room.signer.sign(agent_proof_message(room.doors.port, *nonce));
    JsonWriter out;
    out.begin_object().member("agentKey", to_base64url(room.signer.device().view()));
    out.member("apiPort", room.doors.port).member("proof", to_base64url(proof.view()));
    reply.json(out.end_object().take());
    return {};
  });
}

constexpr std::array kAgentRoutes = std::to_array<Route>({
    {"GET", "/healthz", Need::kNothing, get_health},
    {"GET", "/readyz", Need::kNothing, get_readiness},
    {"GET", "/metrics", Need::kToken, get_metrics},
    {"GET", "/v1/openapi.json", Need::kNothing, get_openapi},
    {"GET", "/v1/proof", Need::kNothing, get_proof},
    {"GET", "/v1/status", Need::kToken, get_status},
    {"GET", "/v1/devices", Need::kToken, list_devices},
    {"POST", "/v1/sync", Need::kToken, sync_now},
    {"GET", "/v1/live", Need::kNothing, nullptr, Takes::kNothing, nullptr, make_live_talk},
});

}  // namespace

std::span<const Route> agent_routes() { return kAgentRoutes; }

}  // namespace lanyard::agent
