#include "agent/compat/claim_plan.hpp"

#include <algorithm>

#include "agent/json_writer.hpp"
#include "replication/merge/version_text.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using oplog::OpKind;
using storage::CompatThing;
using storage::SeenVersion;

/// Of one record's trash: more siblings than that nobody compares.
constexpr std::size_t kTrashRowsMax = 1000;
/// Fields of one record of which siblings are looked for.
constexpr std::size_t kFieldsMax = 1000;
/// Of a large post in memory at once, while it is planned.
constexpr std::size_t kReadBytesMax = 4 * limits::kMiB;

std::string_view json_of(const std::vector<ClaimMember>& members, std::string_view name) {
  for (const ClaimMember& member : members)
    if (member.name == name) return member.json;
  return "null";
}

/// {"name":value,...} of values as they are stored.
std::string object_of(const std::vector<std::pair<std::string, Bytes>>& fields) {
  JsonWriter out;
  out.begin_object();
  for (const auto& [name, value] : fields) out.name(name).raw(to_json(value));
  return out.end_object().take();
}

bool has_seen(const std::vector<SeenMember>& members, const SeenMember& member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

/// The version that names all that this one does but for some edits.
Result<std::string> version_without(const std::string& text, const std::vector<Dot>& edits,
                                    const std::map<LogId, DeviceId>& authors) {
  merge::LogTable logs;
  for (const auto& [log, device] : authors) logs.number_of(log);
  LANYARD_TRY_SET(merge::Version version, merge::version_from_text(text, logs));
  std::erase_if(version.edits, [&](const merge::LocalDot& dot) {
    const Dot named{logs.id_of(dot.log), {dot.seq}};
    return std::find(edits.begin(), edits.end(), named) != edits.end();
  });
  return merge::to_text(version, logs);
}

}  // namespace

std::size_t PlannedOp::size() const {
  std::size_t out = collection.size() + key.size();
  for (const auto& [name, json] : said) out += name.size() + json.size();
  return out;
}

Bytes text_value(std::string_view text) {
  Bytes out;
  CanonicalWriter(out).text(text);
  return out;
}

Result<storage::LocalOp> local_op(const PlannedOp& planned) {
  storage::LocalOp out;
  out.kind = planned.kind;
  out.collection = planned.collection;
  out.key = planned.key;
  out.names = planned.names;
  out.based_on = planned.based_on;
  out.restore = planned.restore;
  out.fields = planned.ours;
  for (const auto& [name, json] : planned.said) {
    LANYARD_TRY_SET(Bytes value, from_json(json));
    out.fields.emplace_back(name, std::move(value));
  }
  return out;
}

// ---- reading

Result<PresentRecord> ClaimPlanner::present(const std::string& collection, const std::string& key) {
  LANYARD_TRY_SET(auto record, services_.reads.get(space_, collection, key));
  return shown(std::move(record));
}

Result<PresentRecord> ClaimPlanner::shown(storage::ReadRecord record) {
  PresentRecord out;
  out.record = std::make_shared<const storage::ReadRecord>(std::move(record));
  if (out.is_shown()) {
    LANYARD_TRY_SET(out.members, shown_as_(out.record->collection, out.record->json));
  }
  return out;
}

Result<Standing> ClaimPlanner::standing(const Claim& claim) {
  Standing out;
  LANYARD_TRY_SET(const auto base, store_.believed(client_, thing(claim.collection, claim.key)));
  out.has_base = base.has_value();
  out.is_old =
      base && base->updated_at && claim.updated_at && *claim.updated_at < *base->updated_at;
  LANYARD_TRY_SET(const PresentRecord now, present(claim.collection, claim.key));
  const auto at = updated_at_of(now.members);
  out.is_newer = claim.updated_at && at && *claim.updated_at > *at;
  return out;
}

void ClaimPlanner::rewind(const Mark& mark) {
  plan_.ops.resize(mark.ops);
  plan_.notes.erase(plan_.notes.begin() + static_cast<std::ptrdiff_t>(mark.notes),
                    plan_.notes.end());
}

void ClaimPlanner::read(std::size_t bytes) {
  read_bytes_ += bytes;
  if (read_bytes_ < kReadBytesMax || !plan_.let_go) return;
  plan_.let_go();
  read_bytes_ = 0;
}

// ---- deciding

Result<Fate> ClaimPlanner::add(const Claim& claim, const Standing& standing) {
  const std::size_t notes = plan_.notes.size();
  std::optional<SeenVersion> unnoted;
  LANYARD_TRY_SET(const Fate fate, decide(claim, standing, unnoted));
  add_part(claim, notes, std::move(unnoted));
  return fate;
}

/// `unnoted`: what the client has, where that was known before.
Result<Fate> ClaimPlanner::decide(const Claim& claim, const Standing& standing,
                                  std::optional<SeenVersion>& unnoted) {
  const CompatThing what = thing(claim.collection, claim.key);
  const ContentHash content = content_of(claim.members, hasher());
  LANYARD_TRY_SET(const auto base, base_of(claim, content));
  if (base && base->content == content) {
    unnoted = base;
    return Fate::kNothing;
  }
  LANYARD_TRY_SET(const PresentRecord now, present(claim.collection, claim.key));
  if (now.is_shown() && content_of(now.members, hasher()) == content) {
    note(claim, now.record->version, {});
    return Fate::kNothing;
  }
  if (base && !standing.is_old) return edit(claim, *base, now);
  // A list that its client had, with an element more than it had: the client has just added it.
  const bool is_added = standing.has_base && !standing.is_old && !base && !now.is_shown();
  LANYARD_TRY_SET(const auto past, store_.seen_content(what, content));
  if (past && !is_added) {
    if (!base) plan_.notes.push_back({what, claim.parent, *past, {}});
    unnoted = past;
    return Fate::kNothing;
  }
  if (claim.updated_at) {
    LANYARD_TRY_SET(const auto then, store_.seen_at(what, *claim.updated_at));
    if (then) return edit(claim, *then, now);
  }
  if (now.is_shown()) return fill(claim, now, standing.is_newer);
  LANYARD_TRY_SET(const bool is_stale, was_deleted(claim));
  return is_stale && !is_added ? Fate::kNothing : create(claim);
}

Result<Fate> ClaimPlanner::edit(const Claim& claim, const SeenVersion& base,
                                const PresentRecord& now) {
  Edits edits = edits_since(base.members, seen_members(claim.members), seen_members(now.members));
  const bool has_time = write_time(claim, edits, now);
  if (edits.is_empty() && !has_time) {
    note(claim, base.version, {});
    return Fate::kNothing;
  }
  LANYARD_TRY_SET(const std::string seen, shown_part(claim, base, edits));
  // With nothing left to set this is an empty patch: its answer says what the client knows then.
  write(claim, edits, seen);
  return Fate::kEdited;
}

/// The version that a client was given names all siblings of a field, and the client was shown one
/// of them: in what it edits, those that it was not shown stay beside its edit.
Result<std::string> ClaimPlanner::shown_part(const Claim& claim, const SeenVersion& base,
                                             const Edits& edits) {
  LANYARD_TRY_SET(const auto conflicts,
                  services_.reads.conflicts(space_, storage::RecordOf{claim.collection, claim.key},
                                            kFieldsMax));
  std::vector<Dot> unseen;
  for (const storage::ReadConflict& conflict : conflicts) {
    if (!edits.concerns(conflict.field)) continue;
    for (const storage::ReadSibling& sibling : conflict.siblings) {
      const auto value = claimed({{conflict.field, sibling.json}}, hasher());
      const bool was_shown = value && has_seen(base.members, {conflict.field, value->front().hash});
      if (!was_shown) unseen.insert(unseen.end(), sibling.edits.begin(), sibling.edits.end());
    }
  }
  if (unseen.empty()) return base.version;
  LANYARD_TRY_SET(const auto logs, services_.reads.authors(space_));
  return version_without(base.version, unseen, logs);
}

Result<Fate> ClaimPlanner::fill(const Claim& claim, const PresentRecord& now, bool is_newer) {
  Edits edits = additions(seen_members(claim.members), seen_members(now.members), is_newer);
  const bool has_time = write_time(claim, edits, now);
  if (edits.is_empty() && !has_time) {
    note(claim, kSeenNothing, {});
    return Fate::kNothing;
  }
  write(claim, edits, kSeenNothing);
  return Fate::kEdited;
}

/// When something was changed last is the latest of the times that are said: two edits of different
/// things are no conflict for it. Whether the time is written by an op of its own.
bool ClaimPlanner::write_time(const Claim& claim, Edits& edits, const PresentRecord& now) {
  const auto at = std::find(edits.set.begin(), edits.set.end(), kUpdatedAt);
  if (at == edits.set.end() || !now.is_shown() || !claim.updated_at) return false;
  const auto present = updated_at_of(now.members);
  if (!present) return false;
  edits.set.erase(at);
  if (*claim.updated_at <= *present) return false;
  PlannedOp op;
  op.collection = claim.collection;
  op.key = claim.key;
  op.said.emplace_back(kUpdatedAt, json_of(claim.members, kUpdatedAt));
  plan_.ops.push_back(std::move(op));
  return true;
}

/// Whether the claim is an old copy of what somebody deleted: by the app's own times, or, without
/// them, because all that it says lies in the trash.
Result<bool> ClaimPlanner::was_deleted(const Claim& claim) {
  LANYARD_TRY_SET(const auto trash,
                  services_.reads.trash(space_, {claim.collection, claim.key}, kTrashRowsMax));
  if (trash.empty()) return false;
  std::vector<SeenMember> hidden;
  for (const storage::ReadTrash& row : trash) {
    const auto value = claimed({{row.field, row.json}}, hasher());
    if (!value) continue;
    const auto at = updated_at_of(*value);
    if (at && claim.updated_at) return *claim.updated_at <= *at;
    hidden.push_back({row.field, value->front().hash});
  }
  return std::all_of(claim.members.begin(), claim.members.end(), [&](const ClaimMember& member) {
    return std::find(hidden.begin(), hidden.end(), SeenMember{member.name, member.hash}) !=
           hidden.end();
  });
}

Result<Fate> ClaimPlanner::create(const Claim& claim) {
  Edits all;
  for (const ClaimMember& member : claim.members) all.set.push_back(member.name);
  write(claim, all, kSeenNothing);
  for (const auto& each : claim.when_new)
    plan_.ops.back().ours.emplace_back(each.first, each.second);
  if (claim.when_new.empty()) return Fate::kCreated;
  // What the client has then is what is stored, with the members that were made for it.
  const std::string made_text = object_of(claim.when_new);  // what is made points into it
  LANYARD_TRY_SET(const auto made, shown_as_(claim.collection, made_text));
  std::vector<ClaimMember> stored = claim.members;
  for (const ClaimMember& member : made)
    lanyard::agent::claim(stored, member.name, member.json, hasher());
  plan_.notes.back().version = seen_version(stored, "", updated_at_of(stored));
  return Fate::kCreated;
}

void ClaimPlanner::write(const Claim& claim, const Edits& edits, const std::string& based_on) {
  PlannedOp op;
  op.collection = claim.collection;
  op.key = claim.key;
  op.based_on = based_on;
  if (!edits.unset.empty()) {
    op.kind = OpKind::kUnset;
    op.names = edits.unset;
    plan_.ops.push_back(op);
    op.names.clear();
  }
  if (!edits.set.empty() || edits.is_empty()) {
    op.kind = OpKind::kPatch;
    for (const std::string& name : edits.set)
      op.said.emplace_back(name, json_of(claim.members, name));
    plan_.ops.push_back(std::move(op));
  }
  note(claim, "", plan_.ops.size() - 1);
}

void ClaimPlanner::note(const Claim& claim, const std::string& version,
                        std::optional<std::size_t> op) {
  plan_.notes.push_back({thing(claim.collection, claim.key), claim.parent,
                         seen_version(claim.members, version, claim.updated_at), op});
}

SeenVersion ClaimPlanner::seen_version(const std::vector<ClaimMember>& members,
                                       const std::string& version,
                                       std::optional<std::int64_t> updated_at) const {
  SeenVersion out;
  out.content = content_of(members, hasher());
  out.version = version;
  out.updated_at = updated_at;
  out.members = seen_members(members);
  return out;
}

Status ClaimPlanner::gave(const std::string& parent, const PresentRecord& record,
                          std::optional<std::int64_t> updated_at) {
  const CompatThing what = thing(record.record->collection, record.record->key);
  LANYARD_TRY_SET(const auto base, store_.believed(client_, what));
  if (base && base->version == record.record->version &&
      base->members == seen_members(record.members))
    return {};
  plan_.notes.push_back(
      {what, parent, seen_version(record.members, record.record->version, updated_at), {}});
  return {};
}

}  // namespace lanyard::agent
