#include "agent/service/import_service.hpp"

#include <algorithm>

#include "replication/types/json_text.hpp"

namespace lanyard::agent {

Result<NamedValues> differing_fields(const std::string& stored_json, const NamedValues& incoming) {
  LANYARD_TRY_SET(const auto stored, members_from_json(stored_json, limits::kTextDepthMax));
  NamedValues out;
  for (const auto& [name, value] : incoming) {
    const auto is_same = [&, field = name,
                          wanted = ByteView(value)](const NamedValues::Each& each) {
      return each.first == field && equal(each.second, wanted);
    };
    const bool is_stored = stored && std::any_of(stored->begin(), stored->end(), is_same);
    if (!is_stored) out.emplace_back(name, value);
  }
  return out;
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
        auto differing = differing_fields(stored->json, record.fields);
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
