#include <array>

#include "agent/api/bulk_taker.hpp"
#include "agent/api/handlers.hpp"

/// Changes: several ops as one transaction, or any number of ops line by line.
namespace lanyard::agent {
namespace {

using storage::Written;

void post_changes(ApiRoom& room, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    LANYARD_TRY_SET(Params in, params_of(call.body));
    LANYARD_TRY_SET(Batch batch, read_batch(in, call.access.name, room.hasher));
    call.body.clear();
    in_space(
        room, call, reply, Right::kWrite,
        [&room, reply, batch = std::make_shared<Batch>(std::move(batch))](const SpaceId& space) {
          room.data.write(to_text(space), std::move(batch->change),
                          [reply, batch](const Result<Written>& written) {
                            reply.answer(written, [&](const Written& done) {
                              return acknowledgement(done, batch->elements);
                            });
                          });
        });
    return {};
  });
}

constexpr std::array kChangeRoutes = std::to_array<Route>({
    {"POST", "/v1/spaces/{space}/changes", Need::kToken, post_changes, Takes::kJsonOrLines,
     take_lines},
});

}  // namespace

std::span<const Route> change_routes() { return kChangeRoutes; }

}  // namespace lanyard::agent
