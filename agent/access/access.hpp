#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/token_entry.hpp"

/// Who may do what through the doors of this machine. Pure: no JSON, no sockets, no clocks.
namespace lanyard::agent {

/// Who speaks through a local door, and what they may do.
struct Access {
  enum class Who : std::uint8_t {
    kNobody,
    kApp,     ///< has a token, and what that says
    kPerson,  ///< came in through the control socket, and may do everything
  };
  Who who = Who::kNobody;
  std::string name;  ///< of the app
  std::optional<storage::TokenId> token;
  std::string user;  ///< whose rows a compatibility listener shows; empty for all else
  bool all_spaces = false;
  bool all_may_write = false;
  bool may_manage = false;
  std::vector<storage::SpaceRight> spaces;  ///< sorted by id

  [[nodiscard]] bool may_read(const SpaceId& space) const;
  [[nodiscard]] bool may_write(const SpaceId& space) const;
};

/// All that there is to be had.
[[nodiscard]] Access access_of_person();

/// What the token grants, whoever has it.
[[nodiscard]] Access access_of(const storage::TokenEntry& token);

}  // namespace lanyard::agent
