#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_answers.hpp"
#include "agent/json/question_reader.hpp"

namespace lanyard::agent {
namespace {

using storage::SpaceEntry;

void space_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.spaces.list([reply](const Result<std::vector<SpaceEntry>>& spaces) {
      reply.answer(spaces, [](const std::vector<SpaceEntry>& found) {
        JsonWriter out;
        out.begin_object().name("spaces").begin_array();
        for (const SpaceEntry& space : found) write_space(space, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

void space_create(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string name, in.text("name"));
    LANYARD_TRY(in.finish());
    room.spaces.create(name, std::nullopt, [reply](const Result<SpaceEntry>& created) {
      reply.answer(created, space_json);
    });
    return {};
  });
}

void space_share(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const std::string device, in.text("device"));
    LANYARD_TRY(in.finish());
    room.spaces.share(space, device, [reply](const Result<SpaceService::Shared>& shared) {
      reply.answer(shared, shared_json);
    });
    return {};
  });
}

void space_change(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const storage::SpaceWish wish, read_space_wish(in));
    room.spaces.change(space, wish, [reply](const Result<SpaceEntry>& changed) {
      reply.answer(changed, space_json);
    });
    return {};
  });
}

void space_leave(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const bool removes, in.boolean("removeCopy", false));
    LANYARD_TRY_SET(const bool even_if_alone, in.boolean("evenIfAlone", false));
    LANYARD_TRY(in.finish());
    using storage::LeftCopy;
    const LeftCopy copy = !removes        ? LeftCopy::kKept
                          : even_if_alone ? LeftCopy::kRemovedEvenIfAlone
                                          : LeftCopy::kRemoved;
    room.spaces.leave(space, copy,
                      [reply](const Result<SpaceEntry>& left) { reply.answer(left, space_json); });
    return {};
  });
}

void space_accept_loss(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY(in.finish());
    room.spaces.accept_loss(space, [reply](const Result<SpaceService::AcceptedLoss>& accepted) {
      reply.answer(accepted, [](const SpaceService::AcceptedLoss& done) {
        JsonWriter out;
        out.begin_object().name("space");
        write_space(done.space, out);
        return out.member("changes", done.changes).end_object().take();
      });
    });
    return {};
  });
}

void space_info(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY_SET(const bool with_hash, in.boolean("hash", true));
    LANYARD_TRY(in.finish());
    room.spaces.info(space, with_hash,
                     [reply](const Result<SpaceInfo>& info) { reply.answer(info, info_json); });
    return {};
  });
}

void space_clock(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY(in.finish());
    room.spaces.clock(space, [reply](const Result<VectorClock>& clock) {
      reply.answer(clock, [](const VectorClock& held) {
        JsonWriter out;
        std::uint64_t changes = 0;
        out.begin_object().name("logs").begin_object();
        for (const auto& [log, head] : held) {
          out.member(to_hex(log.view()), head.seq.value);
          changes += head.seq.value;
        }
        return out.end_object().member("changes", changes).end_object().take();
      });
    });
    return {};
  });
}

std::string forks_json(const std::vector<ForkView>& forks) {
  JsonWriter out;
  out.begin_object().name("forks").begin_array();
  for (const ForkView& fork : forks) write_fork(fork, out);
  return out.end_array().end_object().take();
}

void space_forks(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string space, in.text("space"));
    LANYARD_TRY(in.finish());
    room.directory.find(space, [&room, reply](const Result<SpaceId>& found) {
      if (!found) return reply.error(found.error());
      read_forks(
          room.host, room.ciphers, room.hasher, *found,
          [reply](const Result<std::vector<ForkView>>& forks) { reply.answer(forks, forks_json); });
    });
    return {};
  });
}

constexpr std::array kSpaceMethods = std::to_array<ControlMethod>({
    {"space.list", space_list},
    {"space.create", space_create},
    {"space.share", space_share},
    {"space.change", space_change},
    {"space.leave", space_leave},
    {"space.acceptLoss", space_accept_loss},
    {"space.info", space_info},
    {"space.clock", space_clock},
    {"space.forks", space_forks},
});

}  // namespace

std::span<const ControlMethod> space_methods() { return kSpaceMethods; }

}  // namespace lanyard::agent
