#include "agent/compat/rangerplex_posts.hpp"

#include <algorithm>
#include <functional>

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

using ReadElement = std::function<Result<Claim>(std::string_view json)>;

/// A list as it is posted. It is read twice, so that it need not be in memory as a whole: first for
/// what is in it, then for what that comes to.
struct ListPost {
  std::string_view parent_member;
  const std::vector<std::string_view>& elements;
  ReadElement read;
  std::vector<std::string> keys = {};
  std::vector<PlannedElement> planned = {};
};

Status name_elements(ClaimPlanner& planner, ListPost& list, SaidWhole& said) {
  std::set<std::string> used;
  for (const std::string_view json : list.elements) {
    LANYARD_TRY_SET(const Claim claim, list.read(json));
    LANYARD_TRY_SET(const auto parent, present_parent(planner, claim, list.parent_member));
    list.keys.push_back(own_key(claim, parent, used));
    used.insert(list.keys.back());
    said.parts[{claim.collection, list.keys.back()}] = content_of(claim.members, planner.hasher());
    planner.read(json.size());
  }
  return {};
}

Status plan_elements(ClaimPlanner& planner, const Standing& standing, ListPost& list) {
  for (std::size_t at = 0; at < list.elements.size(); ++at) {
    LANYARD_TRY_SET(Claim claim, list.read(list.elements[at]));
    claim.key = list.keys[at];
    Standing of_one = standing;
    if (claim.updated_at) {
      LANYARD_TRY_SET(const Standing own, planner.standing(claim));
      of_one.is_newer = own.is_newer;
    }
    LANYARD_TRY_SET(PlannedElement planned, plan_element(planner, claim, of_one));
    list.planned.push_back(std::move(planned));
    planner.read(list.elements[at].size());
  }
  return place_created(planner, list.planned);
}

/// A chat without a word about its messages.
Status plan_chat_alone(ClaimPlanner& planner, const Claim& claim, const PresentRecord& now) {
  LANYARD_TRY_SET(const Standing standing, planner.standing(claim));
  LANYARD_TRY_SET(const Fate fate, planner.add(claim, standing));
  if (now.is_shown() || fate != Fate::kEdited) return {};
  return plan_return(planner, rangerplex_records(), claim.key, claim.key, true);
}

/// Who goes on with a chat that is not there has it back as a whole; who changes its messages alone
/// has touched the chat too.
Status plan_going_on(ClaimPlanner& planner, const Claim& chat, const PresentRecord& now, Fate fate,
                     const std::vector<PlannedElement>& messages) {
  if (!planner.has_edits(0)) return {};
  if (now.is_shown())
    return fate == Fate::kNothing ? planner.touch(chat.collection, chat.key) : Status();
  if (fate == Fate::kNothing) LANYARD_TRY(planner.restore(chat.collection, chat.key));
  LANYARD_TRY(bring_back(planner, messages));
  if (fate == Fate::kCreated) return {};
  return plan_return(planner, rangerplex_records(), chat.key, chat.key, true);
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
  if (!chat.messages) return plan_chat_alone(planner, claim, now);
  ListPost list{"chatId", *chat.messages, [&](std::string_view json) {
                  return message_claim(json, chat.id, planner.hasher());
                }};
  SaidWhole said;
  said.parts[{claim.collection, claim.key}] = content_of(claim.members, planner.hasher());
  LANYARD_TRY(name_elements(planner, list, said));
  LANYARD_TRY_SET(const Standing standing, planner.begin_whole(claim, std::move(said)));
  LANYARD_TRY_SET(const Fate fate, planner.add(claim, standing));
  LANYARD_TRY(plan_elements(planner, standing, list));
  LANYARD_TRY(planner.remove_missing_parts("messages"));
  LANYARD_TRY(plan_going_on(planner, claim, now, fate, list.planned));
  planner.end_whole();
  return {};
}
Result<std::optional<std::string_view>> setting_to_sync(
    ClaimPlanner& planner, const std::string& key, std::string_view json,
    const std::vector<std::string>& kept_local) {
  const bool holds_text = is_json_string(json) || is_json_object(json) || is_json_array(json);
  const bool is_local = std::find(kept_local.begin(), kept_local.end(), key) != kept_local.end();
  if (is_local || (is_secret_name(key) && holds_text) || is_secret_text(json)) {
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
  const std::vector<std::string_view> none;
  ListPost list{"notebook", notes ? *notes : none,
                [&](std::string_view note) { return note_claim(note, key, planner.hasher()); }};
  const bool has_record = now.is_shown() || !is_bare_notebook(claim, notes);
  SaidWhole said;
  if (has_record)
    said.parts[{claim.collection, claim.key}] = content_of(claim.members, planner.hasher());
  LANYARD_TRY(name_elements(planner, list, said));
  LANYARD_TRY_SET(const Standing standing, planner.begin_whole(claim, std::move(said)));
  if (has_record) LANYARD_TRY(planner.add(claim, standing));
  LANYARD_TRY(plan_elements(planner, standing, list));
  if (notes) LANYARD_TRY(planner.remove_missing_parts("notes"));
  planner.end_whole();
  return {};
}

}  // namespace lanyard::agent
