#pragma once

#include "agent/compat/claim_plan.hpp"

/// Elements of a list that a client posts as a part of something.
namespace lanyard::agent {

/// An element, once it is planned.
struct PlannedElement {
  std::string collection;
  std::string key;
  Fate fate = Fate::kNothing;
  std::size_t op = 0;  ///< of one that was created
};

/// Plans one element.
[[nodiscard]] Result<PlannedElement> plan_element(ClaimPlanner& planner, const Claim& claim,
                                                  const Standing& standing);
/// Gives those that were created a member `position` between those of their neighbours, as they
/// stand in the list.
[[nodiscard]] Status place_created(ClaimPlanner& planner, const std::vector<PlannedElement>& all);
/// Somebody deleted what this client goes on with: then it is there again, as the client has it.
[[nodiscard]] Status bring_back(ClaimPlanner& planner, const std::vector<PlannedElement>& elements);

}  // namespace lanyard::agent
