#pragma once

#include "agent/api/router.hpp"
#include "agent/json_writer.hpp"
#include "storage/store.hpp"

namespace lanyard::agent {

/// Ops line by line (application/x-ndjson), committed every 1,000 lines or what one change holds,
/// each such batch one transaction. Never holds more than one batch and one line. Answers what was
/// committed; where the client accepts lines, also how far it is, a line per batch. With
/// ?mutationId= each batch is a mutation of its own, so that the same lines sent again write only
/// what is not there yet. The first bad line ends it: what came before it stays, and the error says
/// which it is and up to where all is stored.
[[nodiscard]] std::unique_ptr<BodyTaker> take_lines(ApiRoom& room, ApiCall call,
                                                    const ApiReply& reply);

/// The members "change":{"log","seq"}, "applied" and "repeated"; and an object of them.
void write_acknowledgement(const storage::Written& written, std::uint64_t applied, JsonWriter& out);
[[nodiscard]] std::string acknowledgement(const storage::Written& written, std::uint64_t applied);

}  // namespace lanyard::agent
