#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_answers.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

using Listed = ConflictService::Listed;

void conflict_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const auto space, in.optional_text("space"));
    LANYARD_TRY_SET(const std::int64_t limit, in.integer("limit", 100, 1, 100'000));
    LANYARD_TRY(in.finish());
    room.conflicts.list(space.value_or(""), static_cast<std::size_t>(limit),
                        [reply](const Result<ConflictService::Inbox>& inbox) {
                          reply.answer(inbox, conflicts_json);
                        });
    return {};
  });
}

void conflict_show(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string id, in.text("id"));
    LANYARD_TRY(in.finish());
    room.conflicts.show(
        "", id, [reply](const Result<Listed>& found) { reply.answer(found, conflict_json); });
    return {};
  });
}

void conflict_resolve(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    ConflictService::Choice choice;
    LANYARD_TRY_SET(const std::string id, in.text("id"));
    LANYARD_TRY_SET(const std::int64_t use, in.integer("use", 0, 1, 1'000'000));
    LANYARD_TRY_SET(choice.merge, in.boolean("merge", false));
    std::optional<std::string_view> value;
    if (in.has("value")) {
      LANYARD_TRY_SET(value, in.json("value"));
    }
    LANYARD_TRY(in.finish());
    choice.use = static_cast<std::size_t>(use);
    if ((use > 0) + choice.merge + value.has_value() != 1)
      return fail(Code::kUsage, "a resolution is exactly one of use, value and merge");
    if (value) {
      LANYARD_TRY_SET(choice.value, from_json(*value));
    }
    room.conflicts.resolve(
        "", {id}, choice, [reply](const Result<std::vector<ConflictService::Resolved>>& resolved) {
          reply.answer(resolved, [](const std::vector<ConflictService::Resolved>& done) {
            JsonWriter out;
            return out.begin_object().name("value").raw(done.front().json).end_object().take();
          });
        });
    return {};
  });
}

void conflict_undo(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string id, in.text("id"));
    LANYARD_TRY_SET(const auto space, in.optional_text("space"));
    LANYARD_TRY(in.finish());
    room.conflicts.undo(space.value_or(""), id,
                        [reply](const Result<ConflictService::Undone>& undone) {
                          reply.answer(undone, undone_json);
                        });
    return {};
  });
}

constexpr std::array kConflictMethods = std::to_array<ControlMethod>({
    {"conflict.list", conflict_list},
    {"conflict.show", conflict_show},
    {"conflict.resolve", conflict_resolve},
    {"conflict.undo", conflict_undo},
});

}  // namespace

std::span<const ControlMethod> conflict_methods() { return kConflictMethods; }

}  // namespace lanyard::agent
