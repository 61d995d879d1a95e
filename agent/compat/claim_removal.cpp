#include <algorithm>

#include "agent/compat/claim_plan.hpp"
#include "agent/compat/withheld.hpp"

/// What claims come to for records that go, come back, or are replaced as a whole, and for members
/// that stay on this device.
namespace lanyard::agent {

using oplog::OpKind;
using storage::CompatThing;
using KeptMembers = std::vector<storage::KeptMember>;

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

Result<Fate> ClaimPlanner::replace(const Claim& claim, const NamedValues& ours) {
  LANYARD_TRY_SET(const PresentRecord now, present(claim.collection, claim.key));
  if (!now.is_shown()) {
    LANYARD_TRY(create(claim));
    for (const auto& each : ours) plan_.ops.back().ours.emplace_back(each.first, each.second);
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
  for (const auto& each : ours) plan_.ops.back().ours.emplace_back(each.first, each.second);
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
  renew_part(collection, key);
  return true;
}

Status ClaimPlanner::touch(const std::string& collection, const std::string& key) {
  const CompatThing what = thing(collection, key);
  LANYARD_TRY_SET(const auto base, store_.believed(client_, what));
  PlannedOp op;
  op.collection = collection;
  op.key = key;
  if (base) op.based_on = base->version;
  plan_.ops.push_back(std::move(op));
  renew_part(collection, key);
  if (!base) return {};
  storage::SeenVersion same = *base;
  same.number = 0;  // its version is another one
  LANYARD_TRY_SET(const auto parent, store_.parent_of(what));
  plan_.notes.push_back({what, parent.value_or(""), std::move(same), plan_.ops.size() - 1});
  return {};
}

bool ClaimPlanner::plans(const std::string& collection, const std::string& key) const {
  return std::any_of(plan_.ops.begin(), plan_.ops.end(), [&](const PlannedOp& op) {
    return op.collection == collection && op.key == key;
  });
}

void ClaimPlanner::join_since(const Mark& mark) {
  for (std::size_t at = mark.ops + 1; at < plan_.ops.size(); ++at) plan_.ops[at].joins = true;
}

bool ClaimPlanner::has_edits(std::size_t begin) const {
  return std::any_of(plan_.ops.begin() + static_cast<std::ptrdiff_t>(begin), plan_.ops.end(),
                     [](const PlannedOp& op) { return op.kind != OpKind::kDelete; });
}

}  // namespace lanyard::agent
