#pragma once

#include "agent/compat/compat_protocol.hpp"

namespace lanyard::agent {

/// A user of a compatibility listener, by the token that a request brought.
struct TokenUser {
  std::string user;
  storage::TokenId token;
  /// By what the client is known again at the listener of this kind.
  [[nodiscard]] std::string client(std::string_view kind) const;
};

/// Whose token stands in Authorization; nothing where there is none that is good here, and now.
[[nodiscard]] std::optional<TokenUser> token_user(const CompatRoom& room, const HeadView& head);

/// A request that came with a good token is refused once that is good no more: where its body is
/// whole, and where a reading is answered, or the next piece of one.
[[nodiscard]] HeadOrder held_to_token(const CompatRoom& room, const HeadView& head,
                                      HeadOrder order);

}  // namespace lanyard::agent
