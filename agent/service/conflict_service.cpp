#include "agent/service/conflict_service.hpp"

#include <deque>
#include <map>

#include "agent/json_slices.hpp"
#include "agent/service/names.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kSearchedMax = 100'000;
constexpr std::size_t kIdBytesMin = 4;

struct Names {
  std::vector<storage::SpaceEntry> spaces;
  DeviceNames devices;
};

/// The named space, or all that were not left for an empty name; and how the devices are called.
void with_names(const ServiceHost& host, const std::string& space, Done<Names> done) {
  ask_storage<Names>(
      host,
      [space, self = host.self,
       self_name = host.self_name](storage::Vault& vault) -> Result<Names> {
        Names out;
        LANYARD_TRY_SET(const auto spaces, vault.spaces());
        if (space.empty()) {
          for (const auto& one : spaces)
            if (!one.left) out.spaces.push_back(one);
        } else {
          LANYARD_TRY_SET(const storage::SpaceEntry found, resolve_space(spaces, space));
          out.spaces.push_back(found);
        }
        LANYARD_TRY_SET(out.devices, DeviceNames::read(vault, self, self_name));
        return out;
      },
      std::move(done));
}

using Listed = ConflictService::Listed;

/// Conflicts of one space after the other.
struct Listing : std::enable_shared_from_this<Listing> {
  Listing(LongReads& long_reads, Names all, std::optional<storage::RecordOf> only, std::size_t most)
      : reads(long_reads), names(std::move(all)), record(std::move(only)), limit(most) {}

  void next(const Done<ConflictService::Inbox>& done) {
    if (spaces_read == names.spaces.size() || found.size() > limit) return give(done);
    reads.conflicts(
        names.spaces[spaces_read].id, record, limit + 1 - found.size(),
        [self = shared_from_this(), done](Result<std::vector<storage::ReadConflict>> conflicts) {
          if (!conflicts) return done(fail(conflicts.error()));
          for (storage::ReadConflict& each : *conflicts) self->add(std::move(each));
          ++self->spaces_read;
          self->next(done);
        });
  }
  void give(const Done<ConflictService::Inbox>& done) {
    const bool has_more = found.size() > limit;
    if (has_more) found.resize(limit);
    done(ConflictService::Inbox{std::move(found), has_more});
  }
  void add(storage::ReadConflict conflict) {
    Listed& listed =
        found.emplace_back(Listed{names.spaces[spaces_read], std::move(conflict), {}, {}});
    for (const storage::ReadSibling& sibling : listed.conflict.siblings)
      listed.devices.push_back(names.devices.of(sibling.device));
  }

  LongReads& reads;
  Names names;
  std::optional<storage::RecordOf> record;
  std::size_t limit;
  std::size_t spaces_read = 0;
  std::vector<Listed> found{};
};

}  // namespace

Result<Bytes> merged_value(const std::vector<storage::ReadSibling>& siblings) {
  std::map<std::string, Bytes> members;
  for (const storage::ReadSibling& sibling : siblings) {
    LANYARD_TRY_SET(const Bytes value, from_json(sibling.json, limits::kTextDepthMax));
    CanonicalReader in(value);
    if (in.peek() != CanonicalReader::Kind::kMap)
      return fail(Code::kUsage, "the values are not all objects, which alone can be merged",
                  "Use one of them, or give a value.");
    for (std::size_t left = in.map(); left > 0; --left) {
      std::string name(in.text());
      members.emplace(std::move(name), to_bytes(in.value()));
    }
  }
  Bytes out;
  CanonicalWriter writer(out);
  writer.map(members.size());
  for (const auto& [name, value] : members) {
    writer.text(name);
    writer.raw(value);
  }
  return out;
}

void ConflictService::list(const std::string& space, std::size_t limit, Done<Inbox> done) {
  list_where(space, std::nullopt, limit, std::move(done));
}

void ConflictService::list_of(const std::string& space, const storage::RecordOf& record,
                              Done<Inbox> done) {
  list_where(space, record, limits::kOpNodesMax, std::move(done));
}

void ConflictService::list_where(const std::string& space, std::optional<storage::RecordOf> record,
                                 std::size_t limit, Done<Inbox> done) {
  with_names(host_, space,
             [this, record = std::move(record), limit,
              done = std::move(done)](const Result<Names>& names) {
               if (!names) return done(fail(names.error()));
               const auto listing = std::make_shared<Listing>(long_reads_, *names, record, limit);
               listing->next(done);
             });
}

namespace {

Result<Listed> find_among(const std::vector<Listed>& all, const std::string& id) {
  const Listed* found = nullptr;
  for (const Listed& one : all) {
    if (!one.conflict.id.starts_with(id) || id.size() < kIdBytesMin) continue;
    if (one.conflict.id == id) return one;
    if (found != nullptr)
      return fail(Code::kUsage, "\"" + id + "\" could be several conflicts",
                  "Give more of the id; see  lanyard conflicts list");
    found = &one;
  }
  if (found == nullptr)
    return fail(Code::kNotFound, "there is no conflict \"" + id + "\" (any more)",
                "See  lanyard conflicts list");
  return *found;
}

Result<Bytes> value_of_side(const Listed& listed, ConflictService::Choice::Side side,
                            const DeviceId& self) {
  const bool wants_local = side == ConflictService::Choice::Side::kLocal;
  for (const storage::ReadSibling& sibling : listed.conflict.siblings)
    if ((sibling.device == self) == wants_local)
      return from_json(sibling.json, limits::kTextDepthMax);
  return fail(Code::kUsage,
              std::string("no value of the conflict ") + listed.conflict.id + " was written " +
                  (wants_local ? "on this device" : "on another device"),
              "Choose one by its number, or give a value.");
}

Result<Bytes> chosen_value(const Listed& listed, const ConflictService::Choice& choice,
                           const DeviceId& self) {
  const auto& siblings = listed.conflict.siblings;
  if (choice.value) return *choice.value;
  if (choice.merge) return merged_value(siblings);
  if (choice.side != ConflictService::Choice::Side::kNone)
    return value_of_side(listed, choice.side, self);
  if (choice.use == 0 || choice.use > siblings.size())
    return fail(Code::kUsage,
                "the conflict has only " + std::to_string(siblings.size()) + " values",
                "See  lanyard conflicts show " + listed.conflict.id);
  return from_json(siblings[choice.use - 1].json, limits::kTextDepthMax);
}

merge::Settled settled_of(const storage::ReadConflict& conflict) {
  std::string siblings;
  for (const storage::ReadSibling& sibling : conflict.siblings) {
    // A part of a counter or set cannot be written back as it was.
    if (sibling.kind != merge::SlotKind::kValue) return {};
    siblings += (siblings.empty() ? "[" : ",") + sibling.json;
  }
  return {conflict.id, conflict.collection, conflict.key, conflict.field, siblings + "]"};
}

/// A change for each value: they come to be beside each other, as they were.
Result<std::vector<storage::LocalChange>> undoing(const storage::ReadResolution& resolution) {
  LANYARD_TRY_SET(const auto siblings, json_elements(resolution.siblings));
  std::vector<storage::LocalChange> out;
  // The last one that is written is shown.
  for (auto sibling = siblings.rbegin(); sibling != siblings.rend(); ++sibling) {
    LANYARD_TRY_SET(Bytes value, from_json(*sibling, limits::kTextDepthMax));
    storage::LocalChange& change = out.emplace_back();
    change.wants_versions = false;
    storage::LocalOp& op = change.ops.emplace_back();
    op.kind = oplog::OpKind::kPatch;
    op.collection = resolution.collection;
    op.key = resolution.key;
    op.fields.emplace_back(resolution.field, value);
    op.based_on = resolution.version;
  }
  if (!out.empty()) out.front().undoes = resolution.number;
  return out;
}

/// Resolutions on their way to the log, one transaction after the other.
class Settling : public std::enable_shared_from_this<Settling> {
 public:
  using Resolved = ConflictService::Resolved;
  Settling(DataService& data, std::string space, Done<std::vector<Resolved>> done)
      : data_(data), space_(std::move(space)), done_(std::move(done)) {}

  /// `may_cut`: this one may come into another transaction than those before it.
  void add(const storage::ReadConflict& conflict, Bytes value, bool may_cut) {
    if (changes_.empty() || (may_cut && (changes_.back().ops.size() >= limits::kBulkChangeOps ||
                                         bytes_ + value.size() > limits::kBulkChangeBytes))) {
      changes_.emplace_back();
      bytes_ = 0;
    }
    bytes_ += value.size();
    resolved_.push_back({conflict.id, to_json(value)});
    storage::LocalOp& op = changes_.back().ops.emplace_back();
    op.kind = oplog::OpKind::kPatch;
    op.collection = conflict.collection;
    op.key = conflict.key;
    op.fields.emplace_back(conflict.field, value);
    op.based_on = conflict.version;
    changes_.back().settled.push_back(settled_of(conflict));
  }

  void next() {
    if (changes_.empty()) return done_(std::move(resolved_));
    storage::LocalChange change = std::move(changes_.front());
    changes_.pop_front();
    const std::size_t count = change.ops.size();
    data_.write(space_, std::move(change),
                [self = shared_from_this(), count](const Result<storage::Written>& written) {
                  if (!written) return self->done_(fail(self->with_count(written.error())));
                  self->settled_ += count;
                  self->next();
                });
  }

 private:
  [[nodiscard]] Error with_count(Error error) const {
    if (settled_ == 0) return error;
    error.detail += "; " + std::to_string(settled_) + " of " + std::to_string(resolved_.size()) +
                    " conflicts are settled";
    return error;
  }

  DataService& data_;
  std::string space_;
  Done<std::vector<Resolved>> done_;
  std::deque<storage::LocalChange> changes_;
  std::size_t bytes_ = 0;  ///< of the last one's values
  std::vector<Resolved> resolved_;
  std::size_t settled_ = 0;
};

Result<std::vector<Listed>> chosen_among(std::vector<Listed> all,
                                         const std::vector<std::string>& ids) {
  if (ids.empty()) return all;
  std::vector<Listed> out;
  for (const std::string& id : ids) {
    LANYARD_TRY_SET(Listed found, find_among(all, id));
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace

void ConflictService::find(const std::string& space, const std::string& id,
                           const Done<Listed>& done) {
  list(space, kSearchedMax, [id, done](const Result<Inbox>& inbox) {
    done(inbox ? find_among(inbox->conflicts, id) : fail(inbox.error()));
  });
}

void ConflictService::show(const std::string& space, const std::string& id,
                           const Done<Listed>& done) {
  find(space, id, [this, done](const Result<Listed>& found) {
    if (!found) return done(fail(found.error()));
    long_reads_.base(found->space.id, found->conflict,
                     [found = *found, done](const Result<std::optional<LongReads::Base>>& base) {
                       if (!base) return done(fail(base.error()));
                       Listed shown = found;
                       shown.base = *base;
                       done(std::move(shown));
                     });
  });
}

void ConflictService::resolve(const std::string& space, std::vector<std::string> ids,
                              const Choice& choice, const Done<std::vector<Resolved>>& done) {
  list(space, kSearchedMax, [this, space, ids = std::move(ids), choice, done](Result<Inbox> inbox) {
    if (!inbox) return done(fail(inbox.error()));
    const auto chosen = chosen_among(std::move(inbox->conflicts), ids);
    if (!chosen) return done(fail(chosen.error()));
    if (chosen->empty()) return done(std::vector<Resolved>());
    const std::string where = space.empty() ? to_text(chosen->front().space.id) : space;
    const auto settling = std::make_shared<Settling>(data_, where, done);
    for (const Listed& listed : *chosen) {
      auto value = chosen_value(listed, choice, host_.self);
      if (!value) return done(fail(value.error()));
      settling->add(listed.conflict, std::move(*value), ids.empty());
    }
    settling->next();
  });
}

void ConflictService::undo(const std::string& space, const std::string& id,
                           const Done<Undone>& done) {
  if (id.size() < kIdBytesMin)
    return done(fail(Code::kUsage, "give at least " + std::to_string(kIdBytesMin) +
                                       " characters of the conflict's id"));
  with_names(host_, space, [this, id, done](const Result<Names>& names) {
    if (!names) return done(fail(names.error()));
    std::vector<Undone> found;
    for (const storage::SpaceEntry& one : names->spaces) {
      const auto resolutions = reads_.resolutions(one.id, id);
      if (!resolutions) return done(fail(resolutions.error()));
      for (const auto& each : *resolutions) found.push_back({one.id, each});
    }
    if (found.empty())
      return done(fail(Code::kNotFound, "no conflict \"" + id + "\" was resolved on this device"));
    if (found.size() > 1)
      return done(fail(Code::kUsage, "\"" + id + "\" could be several conflicts",
                       "Give more of the id, or name the space."));
    write_back(found.front(), done);
  });
}

void ConflictService::write_back(const Undone& undone, const Done<Undone>& done) {
  auto changes = undoing(undone.resolution);
  if (!changes) return done(fail(changes.error()));
  const auto next = [left =
                         std::make_shared<std::vector<storage::LocalChange>>(std::move(*changes)),
                     at = std::size_t{0}]() mutable -> Result<std::optional<storage::LocalChange>> {
    if (at == left->size()) return std::optional<storage::LocalChange>();
    return std::optional((*left)[at++]);
  };
  data_.write_all(to_text(undone.space), next,
                  [undone, done](const Result<std::vector<storage::Written>>& written) {
                    written ? done(undone) : done(fail(written.error()));
                  });
}

}  // namespace lanyard::agent
