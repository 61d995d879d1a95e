#pragma once

#include "agent/service/service_host.hpp"
#include "storage/token_entry.hpp"

namespace lanyard::agent {

/// What a new token is to be good for.
struct TokenWish {
  std::string app;
  std::string origin;               ///< empty: a program's
  std::vector<std::string> spaces;  ///< names or ids
  bool all_spaces = false;
  bool may_write = false;  ///< to those spaces
  bool may_manage = false;
  std::optional<std::chrono::seconds> expires_in;
  std::string user = {};  ///< of a compatibility listener: then no spaces and no rights
};

/// kUsage for an origin that no browser sends, and for a token that would be good for nothing.
/// Pure.
[[nodiscard]] Status check_wish(const TokenWish& wish);

/// A token with our names for its spaces.
struct TokenView {
  storage::TokenEntry token;
  std::vector<std::string>
      space_names;  ///< one for each of its spaces; an id where it is not known
};

/// Those that a person means: the one with this id, all of the app of this name, or the one whose
/// id begins so, with at least 4 digits. kNotFound; kUsage naming all of them if it could be
/// several. Pure.
[[nodiscard]] Result<std::vector<TokenView>> resolve_tokens(std::vector<TokenView> tokens,
                                                            std::string_view name);

/// Giving rights to apps and scripts, and taking them back: for the person alone.
class TokenService {
 public:
  /// Called when storage has what changed, on the api thread. It calls `applied`, from any thread,
  /// once every door knows: nobody is told that a token is revoked as long as one lets it in.
  using Changed = std::function<void(std::function<void()> applied)>;

  /// `changed` may be empty: then there are no doors.
  TokenService(const ServiceHost& host, const Hasher& hasher, Rng& rng, Changed changed)
      : host_(host), hasher_(hasher), rng_(rng), changed_(std::move(changed)) {}

  struct Created {
    storage::TokenId id;
    std::string text;  ///< shown once, and kept nowhere
  };
  /// Errors as check_wish() and Vault::add_token() have them; kNotFound for a space.
  void create(const TokenWish& wish, const Done<Created>& done);
  /// By app, the oldest first. `name`: only those that resolve_tokens() finds.
  void list(const std::optional<std::string>& name, Done<std::vector<TokenView>> done);
  /// From then on they are refused. Answers what they were.
  void revoke(const std::string& name, const Done<std::vector<TokenView>>& done);
  /// The same for all tokens of a user of compatibility listeners, which may be none.
  void revoke_user(const std::string& user, const Done<std::vector<TokenView>>& done);

  /// The same for those that an app of a page got before the token of this hash: of its name and
  /// origin, as a person allows them (no management, no end).
  void revoke_earlier(const Hash& token, const Done<std::vector<TokenView>>& done);

 private:
  using Choose = std::function<Result<std::vector<TokenView>>(std::vector<TokenView> all)>;
  void revoke_chosen(Choose choose, const Done<std::vector<TokenView>>& done);
  template <class T>
  void tell_doors(Result<T> result, const Done<T>& done);

  const ServiceHost& host_;
  const Hasher& hasher_;
  Rng& rng_;
  Changed changed_;
};

}  // namespace lanyard::agent
