#include "agent/api/handlers.hpp"

#include <algorithm>
#include <array>

#include "agent/json/op_reader.hpp"
#include "agent/service/mutation.hpp"
#include "agent/service/names.hpp"
#include "replication/types/device_id_text.hpp"

namespace lanyard::agent {
namespace {

Error no_such_space(const std::string& name) {
  return Error(Code::kNotFound, "there is no space \"" + name + "\" that this token may use",
               "GET /v1/spaces lists those it may use; lanyard token list shows tokens.");
}

}  // namespace

void in_space(ApiRoom& room, const std::string& name, const std::shared_ptr<Standing>& standing,
              Right right, const Done<SpaceId>& done) {
  // A space that the token does not name is looked for as one that is not there.
  const auto may_see = [standing](const SpaceId& space) {
    const auto access = standing->access();
    return access && access->may_read(space);
  };
  room.directory.find(name, may_see, [name, standing, right, done](const Result<SpaceId>& found) {
    if (!found && !found.error().is(Code::kNotFound)) return done(fail(found.error()));
    if (!found) return done(fail(no_such_space(name)));
    const Status may = check_right(*standing, *found, name, right);
    may ? done(*found) : done(fail(may.error()));
  });
}

Status check_right(const Standing& standing, const SpaceId& space, const std::string& name,
                   Right right) {
  const auto access = standing.access();
  if (!access) return standing.check();
  if (!access->may_read(space)) return fail(no_such_space(name));
  if (right == Right::kManage && !access->may_manage)
    return fail(Code::kNotAllowed, "this token may not manage spaces",
                "Make one that may: lanyard token create --manage");
  if (right == Right::kManage) return {};
  if (right == Right::kRead || access->may_write(space)) return {};
  return fail(Code::kNotAllowed, "this token may only read in the space \"" + name + "\"",
              "Make one that may write: lanyard token create --write");
}

void in_space(ApiRoom& room, const ApiCall& call, const ApiReply& reply, Right right,
              const std::function<void(const SpaceId& space)>& go) {
  in_space(room, call.names.front(), call.standing, right,
           [reply, go](const Result<SpaceId>& space) {
             space ? go(*space) : reply.error(space.error());
           });
}

AgentStatus seen_by(const Access& access, AgentStatus status) {
  if (access.all_spaces) return status;
  std::erase_if(status.degraded, [&](const Degraded& part) {
    return std::any_of(status.spaces.begin(), status.spaces.end(), [&](const SpaceStatus& each) {
      return !access.may_read(each.space.id) && part.part == part_of_space(each.space);
    });
  });
  std::erase_if(status.spaces,
                [&](const SpaceStatus& each) { return !access.may_read(each.space.id); });
  // Whoever shares spaces has to know with whom.
  if (!access.may_manage)
    std::erase_if(status.devices, [&](const DeviceStatus& device) {
      return std::none_of(status.spaces.begin(), status.spaces.end(), [&](const SpaceStatus& each) {
        const auto& members = each.space.members;
        return std::find(members.begin(), members.end(), device.device.known.id) != members.end();
      });
    });
  status.sum_up();
  return status;
}

void write_step(const DeviceStatus& device, JsonWriter& out) {
  const storage::KnownDevice& known = device.device.known;
  out.member("id", to_text(known.id)).member("name", utf8_or_escaped(shown_name(known)));
  out.member("namedByOthers", known.named_by_others);
  out.member("linked", device.device.link.linked).member("inStep", device.in_step);
  out.member("notYetThere", device.not_yet_there);
}

Result<Params> params_of(const std::string& body) {
  auto object = JsonObject::parse(body);
  if (!object)
    return fail(object.error().is(Code::kTooLarge) ? Code::kTooLarge : Code::kUsage,
                "the body is not a JSON object: " + object.error().detail,
                "/v1/openapi.json describes it.");
  return Params(std::move(*object));
}

Result<Batch> read_batch(Params& in, const std::string& who, const Hasher& hasher) {
  Batch out;
  std::vector<storage::LocalOp>& ops = out.change.ops;
  out.change.wants_versions = false;
  LANYARD_TRY_SET(const auto mutation, in.optional_text("mutationId"));
  LANYARD_TRY_SET(const auto elements, in.elements("ops"));
  LANYARD_TRY(in.finish());
  if (elements.empty()) return fail(Code::kUsage, "there are no ops");
  out.elements = elements.size();
  ops.reserve(elements.size());
  for (const std::string_view element : elements) LANYARD_TRY(read_op(element, ops));
  if (mutation) {
    LANYARD_TRY_SET(out.change.mutation, mutation_of(who, *mutation, ops, hasher));
  }
  return out;
}

std::span<const Route> api_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> out;
    for (const auto routes : {page_routes(), agent_routes(), space_routes(), record_routes(),
                              reading_routes(), change_routes(), conflict_routes(), app_routes()})
      out.insert(out.end(), routes.begin(), routes.end());
    return out;
  }();
  return all;
}

}  // namespace lanyard::agent
