#include "agent/compat/claim_plan.hpp"

#include <algorithm>

#include "agent/compat/withheld.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

using oplog::OpKind;
using storage::CompatThing;
using KeptMembers = std::vector<storage::KeptMember>;
using storage::SeenVersion;

/// What a client that has seen nothing of a record is based on.
constexpr const char* kSeenNothing = "0";
/// Of one record's trash: more siblings than that nobody compares.
constexpr std::size_t kTrashRowsMax = 1000;
/// Of a large post in memory at once, while it is planned.
constexpr std::size_t kReadBytesMax = 4 * limits::kMiB;

std::string_view json_of(const std::vector<ClaimMember>& members, std::string_view name) {
  for (const ClaimMember& member : members)
    if (member.name == name) return member.json;
  return "null";
}

}  // namespace

std::size_t PlannedOp::size() const {
  std::size_t out = key.size();
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

void ClaimPlanner::read(std::size_t bytes) {
  read_bytes_ += bytes;
  if (read_bytes_ < kReadBytesMax || !plan_.let_go) return;
  plan_.let_go();
  read_bytes_ = 0;
}

// ---- deciding

Result<Fate> ClaimPlanner::add(const Claim& claim, const Standing& standing) {
  const CompatThing what = thing(claim.collection, claim.key);
  const ContentHash content = content_of(claim.members, hasher());
  LANYARD_TRY_SET(const auto base, store_.believed(client_, what));
  if (base && base->content == content) return Fate::kNothing;
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
  write_time(claim, edits, now);
  if (edits.is_empty()) {
    note(claim, base.version, {});
    return Fate::kNothing;
  }
  write(claim, edits, base.version);
  return Fate::kEdited;
}

Result<Fate> ClaimPlanner::fill(const Claim& claim, const PresentRecord& now, bool is_newer) {
  Edits edits = additions(seen_members(claim.members), seen_members(now.members), is_newer);
  write_time(claim, edits, now);
  if (edits.is_empty()) {
    note(claim, kSeenNothing, {});
    return Fate::kNothing;
  }
  write(claim, edits, kSeenNothing);
  return Fate::kEdited;
}

/// When something was changed last is the latest of the times that are said: two edits of different
/// things are no conflict for it.
void ClaimPlanner::write_time(const Claim& claim, Edits& edits, const PresentRecord& now) {
  const auto at = std::find(edits.set.begin(), edits.set.end(), kUpdatedAt);
  if (at == edits.set.end() || !now.is_shown() || !claim.updated_at) return;
  const auto present = updated_at_of(now.members);
  if (!present) return;
  edits.set.erase(at);
  if (*claim.updated_at <= *present) return;
  PlannedOp op;
  op.collection = claim.collection;
  op.key = claim.key;
  op.said.emplace_back(kUpdatedAt, json_of(claim.members, kUpdatedAt));
  plan_.ops.push_back(std::move(op));
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

Fate ClaimPlanner::create(const Claim& claim) {
  Edits all;
  for (const ClaimMember& member : claim.members) all.set.push_back(member.name);
  write(claim, all, kSeenNothing);
  for (const auto& each : claim.when_new) plan_.ops.back().ours.push_back(each);
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
  if (base && base->version == record.record->version) return {};
  plan_.notes.push_back(
      {what, parent, seen_version(record.members, record.record->version, updated_at), {}});
  return {};
}

// ---- what stays here

Status ClaimPlanner::keep(const std::string& collection, const std::string& key,
                          std::vector<storage::KeptMember> posted) {
  const CompatThing what = thing(collection, key);
  LANYARD_TRY_SET(const auto before, store_.kept(what));
  auto now = kept_from(std::move(posted), before);
  if (now != before) plan_.kept.emplace_back(what, std::move(now));
  return {};
}

Status ClaimPlanner::keep_none_but(const std::string& collection,
                                   const std::set<std::string>& kept) {
  LANYARD_TRY_SET(const auto keys, store_.kept_keys(space_, collection));
  for (const std::string& key : keys)
    if (!kept.contains(key)) plan_.kept.emplace_back(thing(collection, key), KeptMembers());
  return {};
}

// ---- going and coming back

Status ClaimPlanner::remove_missing(const std::string& collection, const std::string& parent,
                                    const std::set<std::string>& said) {
  LANYARD_TRY_SET(const auto had, store_.believed_keys(client_, space_, collection, parent));
  for (const std::string& key : had) {
    if (said.contains(key)) continue;
    const Status removed = remove(collection, key);
    if (!removed && !removed.error().is(Code::kConflict)) return removed;
    plan_.forgotten.push_back(thing(collection, key));
  }
  return {};
}

Status ClaimPlanner::remove(const std::string& collection, const std::string& key) {
  const CompatThing what = thing(collection, key);
  LANYARD_TRY_SET(const PresentRecord now, present(collection, key));
  if (!now.is_shown()) return {};
  LANYARD_TRY_SET(const auto base, store_.believed(client_, what));
  const bool has_unseen = base && base->members != seen_members(now.members);
  if (has_unseen || !may_delete_)
    return fail(Code::kConflict, "it was changed elsewhere since this client read it");
  PlannedOp op;
  op.kind = OpKind::kDelete;
  op.collection = collection;
  op.key = key;
  // Equal members may have other siblings, which storage sees to: it refuses what was not seen.
  op.based_on = base ? base->version : now.record->version;
  plan_.ops.push_back(std::move(op));
  return {};
}

Result<Fate> ClaimPlanner::replace(const Claim& claim,
                                   const std::vector<std::pair<std::string, Bytes>>& ours) {
  LANYARD_TRY_SET(const PresentRecord now, present(claim.collection, claim.key));
  if (!now.is_shown()) {
    static_cast<void>(create(claim));
    for (const auto& each : ours) plan_.ops.back().ours.push_back(each);
    return Fate::kCreated;
  }
  const auto present = seen_members(now.members);
  const Edits edits = edits_since(present, seen_members(claim.members), present);
  if (edits.is_empty() && ours.empty()) {
    note(claim, now.record->version, {});
    return Fate::kNothing;
  }
  write(claim, edits, now.record->version);
  if (!ours.empty() && plan_.ops.back().kind == OpKind::kUnset) {
    PlannedOp op;
    op.collection = claim.collection;
    op.key = claim.key;
    op.based_on = now.record->version;
    plan_.ops.push_back(std::move(op));
    plan_.notes.back().op = plan_.ops.size() - 1;
  }
  for (const auto& each : ours) plan_.ops.back().ours.push_back(each);
  return Fate::kEdited;
}

Status ClaimPlanner::trash(const storage::ReadRecord& record) {
  if (!may_delete_)
    return fail(Code::kConflict, "it goes on being changed elsewhere", "Try again later.");
  PlannedOp op;
  op.kind = OpKind::kDelete;
  op.collection = record.collection;
  op.key = record.key;
  op.based_on = record.version;
  plan_.ops.push_back(std::move(op));
  plan_.forgotten.push_back(thing(record.collection, record.key));
  return {};
}

Status ClaimPlanner::trash_all_but(const std::string& collection,
                                   const std::set<std::string>& kept) {
  storage::RecordQuery query;
  query.collection = collection;
  return services_.reads.for_each(space_, query, [&](const storage::ReadRecord& record) {
    return kept.contains(record.key) ? Status() : trash(record);
  });
}

Result<bool> ClaimPlanner::has_base(const std::string& collection, const std::string& key) {
  LANYARD_TRY_SET(const auto base, store_.believed(client_, thing(collection, key)));
  return base.has_value();
}

Result<bool> ClaimPlanner::restore(const std::string& collection, const std::string& key) {
  LANYARD_TRY_SET(const auto hidden, services_.reads.is_in_trash(space_, collection, key));
  if (!hidden) return false;
  PlannedOp op;
  op.collection = collection;
  op.key = key;
  op.restore = true;
  plan_.ops.push_back(std::move(op));
  return true;
}

bool ClaimPlanner::has_edits(std::size_t begin) const {
  return std::any_of(plan_.ops.begin() + static_cast<std::ptrdiff_t>(begin), plan_.ops.end(),
                     [](const PlannedOp& op) { return op.kind != OpKind::kDelete; });
}

}  // namespace lanyard::agent
