#include <array>

#include "agent/api/handlers.hpp"
#include "agent/json/json_answers.hpp"
#include "agent/json/question_reader.hpp"

/// Spaces: listed, made, shared, left.
namespace lanyard::agent {
namespace {

using storage::SpaceEntry;

void get_spaces(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    room.spaces.list([access = call.access, reply](const Result<std::vector<SpaceEntry>>& spaces) {
      reply.answer(spaces, [&](const std::vector<SpaceEntry>& found) {
        JsonWriter out;
        out.begin_object().name("spaces").begin_array();
        for (const SpaceEntry& space : found)
          if (!space.left && access.may_read(space.id)) write_space(space, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

void create_space(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const std::string name, in.text("name"));
    LANYARD_TRY(in.finish());
    // What it makes is its own; one that is for all spaces has it anyway.
    const auto maker = call.access.all_spaces ? std::nullopt : call.access.token;
    room.spaces.create(name, maker, [&room, maker, reply](const Result<SpaceEntry>& created) {
      if (!created) return reply.error(created.error());
      const auto tell = [reply, created = *created] { reply.json(space_json(created), 201); };
      maker ? room.access_changed(tell) : tell();
    });
    return {};
  });
}

void get_space(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY_SET(const bool with_hash, query.boolean("hash", false));
    LANYARD_TRY(query.finish());
    in_space(room, call, reply, Right::kRead, [&room, with_hash, reply](const SpaceId& space) {
      room.spaces.info(to_text(space), with_hash,
                       [reply](const Result<SpaceInfo>& info) { reply.answer(info, info_json); });
    });
    return {};
  });
}

void change_space(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const storage::SpaceWish wish, read_space_wish(in));
    in_space(room, call, reply, Right::kManage, [&room, reply, wish](const SpaceId& space) {
      room.spaces.change(to_text(space), wish, [reply](const Result<SpaceEntry>& changed) {
        reply.answer(changed, space_json);
      });
    });
    return {};
  });
}

void delete_space(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    using storage::LeftCopy;
    const std::string copy = query.text("copy").value_or("keep");
    LANYARD_TRY(query.finish());
    constexpr auto kWords = std::to_array<std::pair<std::string_view, LeftCopy>>({
        {"keep", LeftCopy::kKept},
        {"remove", LeftCopy::kRemoved},
        {"remove-even-if-alone", LeftCopy::kRemovedEvenIfAlone},
    });
    for (const auto& [word, meaning] : kWords) {
      if (word != copy) continue;
      in_space(room, call, reply, Right::kManage, [&room, reply, meaning](const SpaceId& space) {
        room.spaces.leave(to_text(space), meaning, [reply](const Result<SpaceEntry>& left) {
          reply.answer(left, space_json);
        });
      });
      return {};
    }
    return fail(Code::kUsage, "copy can be keep, remove or remove-even-if-alone");
  });
}

void add_member(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(const std::string device, in.text("device"));
    LANYARD_TRY(in.finish());
    in_space(room, call, reply, Right::kManage, [&room, reply, device](const SpaceId& space) {
      room.spaces.share(to_text(space), device,
                        [reply](const Result<SpaceService::Shared>& shared) {
                          reply.answer(shared, shared_json);
                        });
    });
    return {};
  });
}

constexpr std::array kSpaceRoutes = std::to_array<Route>({
    {"GET", "/v1/spaces", Need::kToken, get_spaces},
    {"POST", "/v1/spaces", Need::kManage, create_space, Takes::kJson},
    {"GET", "/v1/spaces/{space}", Need::kToken, get_space},
    {"PATCH", "/v1/spaces/{space}", Need::kManage, change_space, Takes::kPatch},
    {"DELETE", "/v1/spaces/{space}", Need::kManage, delete_space},
    {"POST", "/v1/spaces/{space}/members", Need::kManage, add_member, Takes::kJson},
});

}  // namespace

std::span<const Route> space_routes() { return kSpaceRoutes; }

}  // namespace lanyard::agent
