#include "agent/compat/token_user.hpp"

#include "agent/access/token_text.hpp"
#include "agent/api/upgrade_request.hpp"

namespace lanyard::agent {

std::string TokenUser::client(std::string_view kind) const {
  return std::string(kind) + "\n" + user + "\n" + to_hex(token.view());
}

std::optional<TokenUser> token_user(const CompatRoom& room, const HeadView& head) {
  const std::string_view text = bearer_of(head);
  if (!is_token_text(text)) return std::nullopt;
  const WallTime now = room.services.host.wall();
  const auto found = room.access.find(hash_of_token(text, room.services.hasher),
                                      head.text("Origin"), now, AccessTable::Door::kCompat);
  if (!found) return std::nullopt;
  room.access.used(*found->token, now);
  return TokenUser{found->user, *found->token};
}

}  // namespace lanyard::agent
