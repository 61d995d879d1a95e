#pragma once

#include "agent/api/api_room.hpp"
#include "agent/api/router.hpp"
#include "agent/api/who_speaks.hpp"
#include "agent/control/request.hpp"
#include "agent/json/json_views.hpp"

/// What the handlers of routes share.
namespace lanyard::agent {

/// Runs what reads the parameters of a call: answers an error itself. `body` returns a Status.
template <class Body>
void with_query(ApiCall& call, const ApiReply& reply, Body body) {
  if (Status done = body(call.query); !done) reply.error(done.error());
}

enum class Right : std::uint8_t {
  kRead,
  kWrite,
  kManage,  ///< of a space that it names: to share, change and leave it
};

/// Calls `go` with the space that the first name of the path means, if whoever calls has that right
/// in it. Who has none learns nothing: not whether there is such a space either.
void in_space(ApiRoom& room, const ApiCall& call, const ApiReply& reply, Right right,
              const std::function<void(const SpaceId& space)>& go);
/// The same for a space by any name.
void in_space(ApiRoom& room, const std::string& name, const std::shared_ptr<Standing>& standing,
              Right right, const Done<SpaceId>& done);
/// Whether that right is still there now: for what goes on in a space, before each commit and page.
/// kNoToken, kNotFound, kNotAllowed. `name`: what the client calls the space.
[[nodiscard]] Status check_right(const Standing& standing, const SpaceId& space,
                                 const std::string& name, Right right);

/// What one token may know of the agent: its spaces, and the devices that share them.
[[nodiscard]] AgentStatus seen_by(const Access& access, AgentStatus status);

/// "id", "name", "linked", "inStep" and "notYetThere": how far a device is.
void write_step(const DeviceStatus& device, JsonWriter& out);

/// The members of a body that is a JSON object.
[[nodiscard]] Result<Params> params_of(const std::string& body);

/// {"mutationId", "ops":[...]}: several ops as one transaction.
struct Batch {
  storage::LocalChange change;
  std::size_t elements = 0;  ///< ops, as the client counts them
};
/// Reads to the end of the parameters. `who`: the app that wrote it.
[[nodiscard]] Result<Batch> read_batch(Params& in, const std::string& who, const Hasher& hasher);

// ---- the parts of api_routes()
[[nodiscard]] std::span<const Route> agent_routes();
[[nodiscard]] std::span<const Route> space_routes();
[[nodiscard]] std::span<const Route> record_routes();
[[nodiscard]] std::span<const Route> reading_routes();
[[nodiscard]] std::span<const Route> change_routes();
[[nodiscard]] std::span<const Route> conflict_routes();
[[nodiscard]] std::span<const Route> app_routes();
[[nodiscard]] std::span<const Route> page_routes();

}  // namespace lanyard::agent
