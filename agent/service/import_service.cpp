#include "agent/service/import_service.hpp"

#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {

Result<std::vector<std::pair<std::string, Bytes>>> differing_fields(
    const std::string& stored_json, std::vector<std::pair<std::string, Bytes>> incoming) {
  LANYARD_TRY_SET(const Bytes stored, from_json(stored_json, limits::kTextDepthMax));
  CanonicalReader in(stored, limits::kTextDepthMax);
  for (std::size_t left = in.map(); left > 0; --left) {
    const std::string_view name = in.text();
    const ByteView value = in.value();
    std::erase_if(incoming, [&](const auto& field) {
      return field.first == name && equal(field.second, value);
    });
  }
  return incoming;
}

void ImportService::merge(const std::string& space, std::vector<Incoming> records, bool dry_run,
                          const Done<Outcome>& done) {
  auto kept = std::make_shared<std::vector<Incoming>>(std::move(records));
  directory_.find(space, [=, this](const Result<SpaceId>& found) {
    if (!found) return done(fail(found.error()));
    Outcome outcome;
    std::vector<storage::LocalOp> ops;
    for (Incoming& record : *kept) {
      auto stored = reads_.get(*found, record.collection, record.key);
      if (!stored) return done(fail(stored.error()));
      if (is_shown(*stored)) {
        auto differing = differing_fields(stored->json, std::move(record.fields));
        if (!differing) return done(fail(differing.error()));
        if (differing->empty()) {
          ++outcome.same;
          continue;
        }
        record.fields = std::move(*differing);
      }
      ++(is_shown(*stored) ? outcome.changed : outcome.added);
      storage::LocalOp& op = ops.emplace_back();
      op.kind = oplog::OpKind::kPatch;
      op.collection = std::move(record.collection);
      op.key = std::move(record.key);
      op.fields = std::move(record.fields);
      // Fields that were compared are based on what was read: an edit that came in between stays.
      op.based_on = std::move(stored->version);
    }
    if (ops.empty() || dry_run) return done(outcome);
    data_.write(space, {std::move(ops), false},
                [done, outcome](const Result<storage::Written>& written) {
                  written ? done(outcome) : done(fail(written.error()));
                });
  });
}

}  // namespace lanyard::agent
