#include <algorithm>

#include "agent/compat/claim_plan.hpp"

/// Claims of a whole: of which page of its client they are, and what that page had.
namespace lanyard::agent {

using oplog::OpKind;
using storage::SeenVersion;

Result<Standing> ClaimPlanner::begin_whole(const Claim& itself, SaidWhole said) {
  Whole whole;
  whole.note.whole = thing(itself.collection, itself.key);
  LANYARD_TRY_SET(whole.states, store_.page_states(client_, whole.note.whole));
  said.updated_at = itself.updated_at;
  for (const auto& [name, content] : said.parts) {
    LANYARD_TRY_SET(const auto there, services_.reads.get(space_, name.first, name.second));
    if (!there.json.empty()) said.there.insert(name);
  }
  whole.guess = guess_page(whole.states, said);
  LANYARD_TRY_SET(const PresentRecord now, present(itself.collection, itself.key));
  if (!now.is_shown()) leave_out_strangers(whole.states, said, whole.guess);
  whole.said = std::move(said);
  Standing out;
  out.has_base = !whole.guess.possible.empty();
  out.is_old = whole.guess.is_old;
  const auto at = updated_at_of(now.members);
  out.is_newer = itself.updated_at && at && *itself.updated_at > *at;
  whole_ = std::move(whole);
  return out;
}

void ClaimPlanner::end_whole() {
  ClaimPlan::WholeNote& note = whole_->note;
  const PageGuess& guess = whole_->guess;
  if (guess.is_unmoved()) {
    note.parts.clear();
    note.heard = whole_->states[*guess.same].number;
  } else {
    for (const std::size_t at : guess.possible)
      if (guess.same != at) note.left.push_back(whole_->states[at]);
    note.is_sure = guess.possible.size() == 1;
  }
  plan_.wholes.push_back(std::move(note));
  whole_.reset();
}

/// What the client has of the record that is claimed.
Result<std::optional<SeenVersion>> ClaimPlanner::base_of(const Claim& claim,
                                                         const ContentHash& content) {
  if (!whole_) return store_.believed(client_, thing(claim.collection, claim.key));
  const PageGuess& guess = whole_->guess;
  std::set<std::int64_t> numbers;
  std::optional<std::int64_t> returned;
  bool in_all = true;
  for (const std::size_t at : guess.possible) {
    const auto& parts = whole_->states[at].parts;
    const auto part = parts.find({claim.collection, claim.key});
    in_all = in_all && part != parts.end();
    if (part == parts.end()) continue;
    const bool is_back = guess.same == at && guess.possible.size() > 1;
    if (part->second.content == content && !is_back) return store_.seen(part->second.seen);
    if (is_back) returned = part->second.seen;
    numbers.insert(part->second.seen);
  }
  std::vector<SeenVersion> bases;
  for (const std::int64_t number : numbers) {
    LANYARD_TRY_SET(auto base, store_.seen(number));
    if (base) bases.push_back(std::move(*base));
  }
  if (bases.empty()) return std::optional<SeenVersion>();
  if (bases.size() == 1 && in_all) return std::optional(std::move(bases.front()));
  const auto said = seen_members(claim.members);
  SeenVersion out = common_base(std::move(bases), said, returned);
  // Not all had the record at all: nothing of it was taken away.
  if (!in_all)
    std::erase_if(out.members, [&](const SeenMember& member) {
      return std::none_of(said.begin(), said.end(),
                          [&](const SeenMember& each) { return each.name == member.name; });
    });
  return std::optional(std::move(out));
}

/// What the page has of it from now on; `version`: where nothing was noted of it.
void ClaimPlanner::add_part(const Claim& claim, std::size_t notes_before,
                            std::optional<SeenVersion> version) {
  if (!whole_) return;
  if (plan_.notes.size() > notes_before) {
    whole_->note.parts.push_back(plan_.notes.back());
  } else {
    if (!version) version = seen_version(claim.members, kSeenNothing, claim.updated_at);
    whole_->note.parts.push_back(
        {thing(claim.collection, claim.key), claim.parent, std::move(*version), {}});
  }
}

/// The record was written once more: the version that the page knows is that of the last op.
void ClaimPlanner::renew_part(const std::string& collection, const std::string& key) {
  if (!whole_) return;
  for (ClaimPlan::Note& part : whole_->note.parts) {
    if (part.thing.collection != collection || part.thing.key != key) continue;
    part.version.number = 0;
    part.op = plan_.ops.size() - 1;
  }
}

/// What its page surely had, whichever it is, and does not say any more.
Status ClaimPlanner::remove_missing_parts(const std::string& collection) {
  const PageGuess& guess = whole_->guess;
  if (guess.possible.empty()) return {};
  for (const auto& [name, first] : whole_->states[guess.possible.front()].parts) {
    if (name.first != collection || whole_->said.parts.contains(name)) continue;
    LANYARD_TRY_SET(const PresentRecord now, present(collection, name.second));
    if (!now.is_shown()) continue;
    const ContentHash content = content_of(now.members, hasher());
    const bool all_had = std::all_of(
        guess.possible.begin(), guess.possible.end(), [&, part_name = name](std::size_t at) {
          const auto part = whole_->states[at].parts.find(part_name);
          return part != whole_->states[at].parts.end() && part->second.content == content;
        });
    if (all_had) LANYARD_TRY(remove_as_shown(now));
    plan_.forgotten.push_back(thing(collection, name.second));
  }
  return {};
}

Status ClaimPlanner::remove_known(const std::string& collection, const std::string& key,
                                  const ContentHash& content) {
  LANYARD_TRY_SET(const PresentRecord now, present(collection, key));
  if (!now.is_shown() || content_of(now.members, hasher()) != content) return {};
  return remove_as_shown(now);
}

/// A record goes whose client was shown just what is shown now; not if values wait beside it.
Status ClaimPlanner::remove_as_shown(const PresentRecord& now) {
  if (!may_delete_) return {};
  LANYARD_TRY_SET(const auto siblings,
                  services_.reads.conflicts(
                      space_, storage::RecordOf{now.record->collection, now.record->key}, 1));
  if (!siblings.empty()) return {};
  PlannedOp op;
  op.kind = OpKind::kDelete;
  op.collection = now.record->collection;
  op.key = now.record->key;
  op.based_on = now.record->version;
  plan_.ops.push_back(std::move(op));
  return {};
}

ClaimPlan::Note ClaimPlanner::part_of(const std::string& parent, const PresentRecord& record,
                                      std::optional<std::int64_t> updated_at) const {
  return {thing(record.record->collection, record.record->key),
          parent,
          seen_version(record.members, record.record->version, updated_at),
          {}};
}

}  // namespace lanyard::agent
