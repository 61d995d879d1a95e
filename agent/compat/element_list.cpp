#include "agent/compat/element_list.hpp"

#include "agent/compat/positions.hpp"
#include "agent/compat/rangerplex_shapes.hpp"

namespace lanyard::agent {
namespace {

Result<std::optional<double>> present_position(ClaimPlanner& planner,
                                               const PlannedElement& element) {
  LANYARD_TRY_SET(const PresentRecord now, planner.present(element.collection, element.key));
  if (!now.is_shown()) return std::optional<double>();
  LANYARD_TRY_SET(const JsonObject object, JsonObject::parse(now.record->json));
  return std::optional(place_of(element.key, object).position);
}

/// Gives the created ones from `begin` on, up to `end`, places between their neighbours.
Status place_run(ClaimPlanner& planner, const std::vector<PlannedElement>& all, std::size_t begin,
                 std::size_t end) {
  std::vector<std::optional<double>> known;
  if (begin > 0) {
    LANYARD_TRY_SET(const auto before, present_position(planner, all[begin - 1]));
    known.push_back(before);
  }
  const bool has_before = begin > 0 && known.front();
  if (!has_before) known.clear();
  known.resize(known.size() + (end - begin));
  if (end < all.size()) {
    LANYARD_TRY_SET(const auto behind, present_position(planner, all[end]));
    if (behind) known.push_back(behind);
  }
  std::vector<double> places = placed(known);
  // Neighbours that are on their way back from the trash have places, which do not show yet.
  if (!has_before && known.size() == end - begin)
    for (double& place : places) place += static_cast<double>(begin);
  for (std::size_t at = begin; at < end; ++at) {
    PlannedOp& op = planner.plan().ops[all[at].op];
    op.ours.emplace_back("position", position_value(places[at - begin + (has_before ? 1 : 0)]));
  }
  return {};
}

}  // namespace

Result<PlannedElement> plan_element(ClaimPlanner& planner, const Claim& claim,
                                    const Standing& standing) {
  LANYARD_TRY_SET(const Fate fate, planner.add(claim, standing));
  return PlannedElement{claim.collection, claim.key, fate,
                        fate == Fate::kCreated ? planner.plan().ops.size() - 1 : 0};
}

Status place_created(ClaimPlanner& planner, const std::vector<PlannedElement>& all) {
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = at;
    while (end < all.size() && all[end].fate == Fate::kCreated) ++end;
    if (end > at) LANYARD_TRY(place_run(planner, all, at, end));
    at = end > at ? end : at + 1;
  }
  return {};
}

Status bring_back(ClaimPlanner& planner, const std::vector<PlannedElement>& elements) {
  for (const PlannedElement& each : elements) {
    if (each.fate != Fate::kNothing) continue;
    LANYARD_TRY_SET(const PresentRecord now, planner.present(each.collection, each.key));
    if (!now.is_shown()) LANYARD_TRY(planner.restore(each.collection, each.key));
  }
  return {};
}

}  // namespace lanyard::agent
