#include <array>

#include "agent/api/handlers.hpp"
#include "agent/json/json_answers.hpp"
#include "replication/types/json_text.hpp"

/// The conflict inbox.
namespace lanyard::agent {
namespace {

using Choice = ConflictService::Choice;
using Listed = ConflictService::Listed;
using Resolved = ConflictService::Resolved;

void list_conflicts(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY_SET(const std::int64_t limit, query.integer("limit", 100, 1, 100'000));
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, limit, reply](const SpaceId& space) {
      room.conflicts.list(to_text(space), static_cast<std::size_t>(limit),
                          [reply](const Result<ConflictService::Inbox>& inbox) {
                            reply.answer(inbox, conflicts_json);
                          });
    });
    return {};
  });
}

void list_conflicts_of(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, call, reply](const SpaceId& space) {
      room.conflicts.list_of(to_text(space), {call.names[1], call.names[2]},
                             [reply](const Result<ConflictService::Inbox>& inbox) {
                               reply.answer(inbox, conflicts_json);
                             });
    });
    return {};
  });
}

void get_conflict(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, call, reply](const SpaceId& space) {
      room.conflicts.show(to_text(space), call.names[1], [reply](const Result<Listed>& found) {
        reply.answer(found, conflict_json);
      });
    });
    return {};
  });
}

/// {"use": 1} or {"value": ...} or {"resolve": "local" | "remote" | "merge"}.
Result<Choice> read_choice(Params& in) {
  Choice out;
  LANYARD_TRY_SET(const std::int64_t use, in.integer("use", 0, 1, 1'000'000));
  LANYARD_TRY_SET(const auto word, in.optional_text("resolve"));
  out.use = static_cast<std::size_t>(use);
  if (in.has("value")) {
    LANYARD_TRY_SET(const std::string_view json, in.json("value"));
    LANYARD_TRY_SET(out.value, from_json(json));
  }
  if ((use > 0) + word.has_value() + out.value.has_value() != 1)
    return fail(Code::kUsage, "a resolution is exactly one of \"use\", \"value\" and \"resolve\"");
  if (!word) return out;
  out.merge = *word == "merge";
  out.side = *word == "local"    ? Choice::Side::kLocal
             : *word == "remote" ? Choice::Side::kRemote
                                 : Choice::Side::kNone;
  if (!out.merge && out.side == Choice::Side::kNone)
    return fail(Code::kUsage, "\"resolve\" can be \"local\", \"remote\" or \"merge\"");
  return out;
}

std::string resolved_json(const std::vector<Resolved>& resolved) {
  JsonWriter out;
  out.begin_object().name("resolved").begin_array();
  for (const Resolved& each : resolved)
    out.begin_object().member("id", each.id).name("value").raw(each.json).end_object();
  return out.end_array().end_object().take();
}

void resolve(ApiRoom& room, const ApiCall& call, const ApiReply& reply,
             std::vector<std::string> ids, const Choice& choice) {
  in_space(room, call, reply, Right::kWrite,
           [&room, reply, ids = std::move(ids), choice](const SpaceId& space) {
             room.conflicts.resolve(to_text(space), ids, choice,
                                    [reply](const Result<std::vector<Resolved>>& resolved) {
                                      reply.answer(resolved, resolved_json);
                                    });
           });
}

void resolve_one(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const Choice choice, read_choice(in));
    LANYARD_TRY(in.finish());
    resolve(room, call, reply, {call.names[1]}, choice);
    return {};
  });
}

void resolve_many(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const Choice choice, read_choice(in));
    LANYARD_TRY_SET(const bool all, in.boolean("all", false));
    std::vector<std::string> ids;
    if (in.has("ids")) {
      LANYARD_TRY_SET(ids, in.texts("ids"));
    }
    LANYARD_TRY(in.finish());
    if (all == !ids.empty())
      return fail(Code::kUsage, "say which: either \"ids\" or \"all\": true");
    resolve(room, call, reply, std::move(ids), choice);
    return {};
  });
}

void undo_one(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kWrite, [&room, call, reply](const SpaceId& space) {
      room.conflicts.undo(to_text(space), call.names[1],
                          [reply](const Result<ConflictService::Undone>& undone) {
                            reply.answer(undone, undone_json);
                          });
    });
    return {};
  });
}

constexpr std::string_view kConflictsPath = "/v1/spaces/{space}/conflicts";
constexpr std::string_view kConflictPath = "/v1/spaces/{space}/conflicts/{id}";

constexpr std::array kConflictRoutes = std::to_array<Route>({
    {"GET", kConflictsPath, Need::kToken, list_conflicts},
    {"GET", "/v1/spaces/{space}/collections/{collection}/records/{key}/conflicts", Need::kToken,
     list_conflicts_of},
    {"POST", kConflictsPath, Need::kToken, resolve_many, Takes::kJson},
    {"GET", kConflictPath, Need::kToken, get_conflict},
    {"POST", kConflictPath, Need::kToken, resolve_one, Takes::kJson},
    {"POST", "/v1/spaces/{space}/conflicts/{id}/undo", Need::kToken, undo_one},
});

}  // namespace

std::span<const Route> conflict_routes() { return kConflictRoutes; }

}  // namespace lanyard::agent
