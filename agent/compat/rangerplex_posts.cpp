#include "agent/compat/rangerplex_posts.hpp"

#include <algorithm>

#include "agent/compat/element_list.hpp"
#include "agent/compat/secret_names.hpp"
#include "agent/compat/withheld.hpp"
#include "replication/types/canonical.hpp"

namespace lanyard::agent {
namespace {

/// The list that an element is in, as far as is known here.
Result<std::optional<std::string>> present_parent(ClaimPlanner& planner, const Claim& claim,
                                                  std::string_view parent_member) {
  LANYARD_TRY_SET(auto parent, planner.known_parent(claim.collection, claim.key));
  if (parent) return parent;
  LANYARD_TRY_SET(const PresentRecord there, planner.present(claim.collection, claim.key));
  const auto object = JsonObject::parse(there.record->json);
  const auto said = object ? object->find(parent_member) : std::nullopt;
  if (const auto text = json_string(said.value_or(""))) parent = *text;
  return parent;
}

struct ListPost {
  std::string_view parent_member;
  std::vector<PlannedElement> elements = {};
  std::set<std::string> said = {};
};

Status plan_in_list(ClaimPlanner& planner, Claim claim, const Standing& standing, ListPost& list) {
  LANYARD_TRY_SET(const auto parent, present_parent(planner, claim, list.parent_member));
  claim.key = own_key(claim, parent, list.said);
  list.said.insert(claim.key);
  LANYARD_TRY_SET(PlannedElement planned, plan_element(planner, claim, standing));
  list.elements.push_back(std::move(planned));
  return {};
}

}  // namespace

std::string own_key(const Claim& claim, const std::optional<std::string>& parent,
                    const std::set<std::string>& used) {
  std::string base = claim.key;
  if (parent && *parent != claim.parent) base += "@" + claim.parent;
  std::string key = base;
  for (int copy = 2; used.contains(key); ++copy) key = base + "#" + std::to_string(copy);
  return key;
}

void add_time(ClaimPlanner& planner, Claim& claim, const PresentRecord& now, WallTime wall) {
  if (claim.updated_at) return;
  for (const ClaimMember& member : claim.members)
    if (member.name == "updatedAt" && is_truthy(member.json)) return;
  std::string& text = planner.plan().texts.emplace_back(std::to_string(wall.ms));
  for (const ClaimMember& member : now.members)
    if (member.name == "updatedAt") text = member.json;
  lanyard::agent::claim(claim.members, "updatedAt", text, planner.hasher());
  if (const auto at = json_integer(text)) claim.updated_at = *at;
}

Status plan_chat(ClaimPlanner& planner, const ChatPost& chat, WallTime wall) {
  LANYARD_TRY_SET(Claim claim, chat_claim(chat, planner.hasher()));
  LANYARD_TRY_SET(const PresentRecord now, planner.present(claim.collection, claim.key));
  add_time(planner, claim, now, wall);
  LANYARD_TRY_SET(const Standing standing, planner.standing(claim));
  LANYARD_TRY_SET(const Fate fate, planner.add(claim, standing));
  ListPost list{"chatId"};
  if (chat.messages) {
    for (const std::string_view json : *chat.messages) {
      LANYARD_TRY_SET(Claim message, message_claim(json, chat.id, planner.hasher()));
      LANYARD_TRY(plan_in_list(planner, std::move(message), standing, list));
      planner.read(json.size());
    }
    LANYARD_TRY(place_created(planner, list.elements));
    if (standing.has_base && !standing.is_old)
      LANYARD_TRY(planner.remove_missing("messages", chat.id, list.said));
  }
  if (!planner.has_edits(0)) return {};
  if (now.is_shown())
    return fate == Fate::kNothing ? planner.touch(claim.collection, claim.key) : Status();
  if (fate == Fate::kNothing) LANYARD_TRY(planner.restore(claim.collection, claim.key));
  LANYARD_TRY(bring_back(planner, list.elements));
  if (fate == Fate::kCreated) return {};
  return plan_return(planner, rangerplex_records(), claim.key, claim.key, true);
}

Result<std::optional<std::string_view>> setting_to_sync(
    ClaimPlanner& planner, const std::string& key, std::string_view json,
    const std::vector<std::string>& kept_local) {
  const bool holds_text = is_json_string(json) || is_json_object(json) || is_json_array(json);
  const bool is_local = std::find(kept_local.begin(), kept_local.end(), key) != kept_local.end();
  if (is_local || (is_secret_name(key) && holds_text)) {
    LANYARD_TRY(planner.keep("settings", key, {{"[]", std::string(json)}}));
    return std::optional<std::string_view>();
  }
  Withheld withheld = withhold(json, kept_local);
  const bool is_whole = withheld.kept.empty();
  LANYARD_TRY(planner.keep("settings", key, std::move(withheld.kept)));
  if (is_whole) return std::optional(json);
  planner.plan().texts.push_back(std::move(withheld.json));
  return std::optional<std::string_view>(planner.plan().texts.back());
}

Status plan_setting(ClaimPlanner& planner, const std::string& key, std::string_view posted,
                    const std::vector<std::string>& kept_local) {
  LANYARD_TRY_SET(const auto to_sync, setting_to_sync(planner, key, posted, kept_local));
  if (!to_sync) return {};
  const std::string_view json = *to_sync;
  const auto notes = notes_of(key, json);
  LANYARD_TRY_SET(Claim claim, setting_claim(key, json, notes.has_value(), planner.plan().texts,
                                             planner.hasher()));
  LANYARD_TRY_SET(const PresentRecord now, planner.present(claim.collection, key));
  LANYARD_TRY_SET(const Standing standing, planner.standing(claim));
  if (now.is_shown() || !is_bare_notebook(claim, notes)) LANYARD_TRY(planner.add(claim, standing));
  if (!notes) return {};
  ListPost list{"notebook"};
  for (const std::string_view each : *notes) {
    LANYARD_TRY_SET(Claim note, note_claim(each, key, planner.hasher()));
    LANYARD_TRY_SET(Standing of_note, planner.standing(note));
    LANYARD_TRY(plan_in_list(planner, std::move(note), of_note, list));
  }
  LANYARD_TRY(place_created(planner, list.elements));
  return planner.remove_missing("notes", key, list.said);
}

}  // namespace lanyard::agent
