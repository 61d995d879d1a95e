#include "agent/access/access.hpp"

#include <algorithm>

namespace lanyard::agent {
namespace {

const storage::SpaceRight* right_in(const std::vector<storage::SpaceRight>& rights,
                                    const SpaceId& space) {
  const auto place = std::lower_bound(
      rights.begin(), rights.end(), space,
      [](const storage::SpaceRight& right, const SpaceId& id) { return right.space < id; });
  return place != rights.end() && place->space == space ? &*place : nullptr;
}

}  // namespace

bool Access::may_read(const SpaceId& space) const {
  if (who == Who::kNobody) return false;
  return all_spaces || right_in(spaces, space) != nullptr;
}

bool Access::may_write(const SpaceId& space) const {
  if (who == Who::kNobody) return false;
  if (all_spaces) return all_may_write;
  const storage::SpaceRight* const right = right_in(spaces, space);
  return right != nullptr && right->may_write;
}

Access access_of_person() {
  Access access;
  access.who = Access::Who::kPerson;
  access.all_spaces = access.all_may_write = access.may_manage = true;
  return access;
}

Access access_of(const storage::TokenEntry& token) {
  Access access;
  access.who = Access::Who::kApp;
  access.name = token.app;
  access.token = token.id;
  access.user = token.user;
  access.all_spaces = token.all_spaces;
  access.all_may_write = token.all_spaces && token.may_write;
  access.may_manage = token.may_manage;
  access.spaces = token.spaces;
  return access;
}

}  // namespace lanyard::agent
