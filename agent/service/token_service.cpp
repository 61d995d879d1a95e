#include "agent/service/token_service.hpp"

#include <algorithm>
#include <tuple>

#include "agent/access/origin.hpp"
#include "agent/access/token_text.hpp"
#include "agent/ascii_text.hpp"
#include "agent/logging.hpp"
#include "agent/service/names.hpp"
#include "replication/types/nearest_name.hpp"

namespace lanyard::agent {
namespace {

using storage::TokenEntry;
using storage::TokenId;

constexpr std::size_t kIdBeginningMin = 4;

/// Small hexadecimal digits, or nothing.
std::string id_digits(std::string_view text) {
  std::string out = lower(text);
  const bool are_digits = out.find_first_not_of("0123456789abcdef") == std::string::npos;
  return are_digits ? out : std::string();
}

Result<std::vector<storage::SpaceRight>> rights(storage::Vault& vault, const TokenWish& wish) {
  std::vector<storage::SpaceRight> out;
  LANYARD_TRY_SET(const auto spaces, vault.spaces());
  for (const std::string& name : wish.spaces) {
    LANYARD_TRY_SET(const storage::SpaceEntry space, resolve_space(spaces, name));
    out.push_back({space.id, wish.may_write});
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool may_write(const TokenEntry& token) {
  return token.may_write ||
         std::any_of(token.spaces.begin(), token.spaces.end(),
                     [](const storage::SpaceRight& each) { return each.may_write; });
}

Result<std::vector<TokenView>> read_tokens(storage::Vault& vault) {
  LANYARD_TRY_SET(auto tokens, vault.tokens());
  LANYARD_TRY_SET(const auto spaces, vault.spaces());
  const auto name_of = [&](const SpaceId& id) {
    const auto place = std::find_if(spaces.begin(), spaces.end(),
                                    [&](const auto& space) { return space.id == id; });
    return place == spaces.end() ? to_text(id) : place->name;
  };
  std::vector<TokenView> out;
  for (TokenEntry& token : tokens) {
    TokenView& view = out.emplace_back();
    for (const storage::SpaceRight& right : token.spaces)
      view.space_names.push_back(name_of(right.space));
    view.token = std::move(token);
  }
  std::sort(out.begin(), out.end(), [](const TokenView& left, const TokenView& right) {
    return std::tie(left.token.app, left.token.created_ms, left.token.id) <
           std::tie(right.token.app, right.token.created_ms, right.token.id);
  });
  return out;
}

tl::unexpected<Error> no_such_token(const std::vector<TokenView>& tokens, std::string_view name) {
  std::vector<std::string> apps;
  apps.reserve(tokens.size());
  for (const TokenView& each : tokens) apps.push_back(each.token.app);
  const auto nearest = nearest_name(name, apps);
  return fail(Code::kNotFound,
              "there is no token \"" + std::string(name) + "\", and no app that has one",
              nearest ? "Did you mean \"" + *nearest + "\"?" : "See  lanyard token list");
}

}  // namespace

Status check_wish(const TokenWish& wish) {
  if (!wish.origin.empty()) LANYARD_TRY(check_origin(wish.origin));
  if (wish.all_spaces && !wish.spaces.empty())
    return fail(Code::kUsage, "a token is for all spaces or for some, not both",
                "Leave the names out, or leave out that it is for all.");
  const bool has_spaces = wish.all_spaces || !wish.spaces.empty();
  if (!wish.user.empty()) {
    if (!has_spaces && !wish.may_write && !wish.may_manage) return {};
    return fail(Code::kUsage, "a user's token is good at compatibility listeners alone",
                "Leave out spaces, writing and managing: the listener has its space.");
  }
  if (!has_spaces && wish.may_write)
    return fail(Code::kUsage, "the token may write, and there is no space to write to",
                "Name spaces, or give it all.");
  if (!has_spaces && !wish.may_manage)
    return fail(Code::kUsage, "the token would be good for nothing",
                "Give it spaces, all spaces, the management of spaces, or a user.");
  return {};
}

Result<std::vector<TokenView>> resolve_tokens(std::vector<TokenView> tokens,
                                              std::string_view name) {
  const std::string digits = id_digits(name);
  const auto matching = [&](const auto& matches) {
    std::vector<TokenView> out;
    std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(out),
                 [&](const TokenView& each) { return matches(each.token); });
    return out;
  };
  // An app may be called like a token: who gives a whole id means that one.
  auto found = matching([&](const TokenEntry& each) { return to_hex(each.id.view()) == digits; });
  if (!found.empty()) return found;
  const auto is_called = [&](const TokenEntry& each) { return each.app == name; };
  const auto begins = [&](const TokenEntry& each) {
    return digits.size() >= kIdBeginningMin && to_hex(each.id.view()).starts_with(digits);
  };
  found = matching([&](const TokenEntry& each) { return is_called(each) || begins(each); });
  if (found.empty()) return no_such_token(tokens, name);
  // Of an app all tokens are meant, of a beginning one; and never some of both.
  const bool is_app = std::all_of(found.begin(), found.end(),
                                  [&](const TokenView& each) { return is_called(each.token); });
  if (is_app || found.size() == 1) return found;
  std::string candidates;
  for (const TokenView& each : found)
    candidates += (candidates.empty() ? "" : ", ") + to_hex(each.token.id.view()) + " (" +
                  each.token.app + ")";
  return fail(Code::kUsage, "\"" + std::string(name) + "\" could be " + candidates,
              "Give the whole id.");
}

template <class T>
void TokenService::tell_doors(Result<T> result, const Done<T>& done) {
  // Of what failed, a part may have been done.
  if (!changed_) return done(std::move(result));
  auto kept = std::make_shared<Result<T>>(std::move(result));
  changed_([post = host_.post, kept, done] { post([kept, done] { done(std::move(*kept)); }); });
}

void TokenService::create(const TokenWish& wish, const Done<Created>& done) {
  if (const Status checked = check_wish(wish); !checked) return done(fail(checked.error()));
  TokenEntry token;
  rng_.fill(token.id.bytes);
  std::string text = make_token_text(rng_);
  token.hash = hash_of_token(text, hasher_);
  token.app = wish.app;
  token.origin = wish.origin;
  token.all_spaces = wish.all_spaces;
  token.may_write = wish.all_spaces && wish.may_write;
  token.may_manage = wish.may_manage;
  token.user = wish.user;
  token.created_ms = host_.wall().ms;
  if (wish.expires_in)
    token.expires_ms = token.created_ms + std::chrono::milliseconds(*wish.expires_in).count();
  ask_storage<Created>(
      host_,
      [wish, token, text](storage::Vault& vault) -> Result<Created> {
        TokenEntry given = token;
        LANYARD_TRY_SET(given.spaces, rights(vault, wish));
        LANYARD_TRY(vault.add_token(given));
        log_info("token " + to_hex(given.id.view()) + " was given" +
                 (given.all_spaces ? std::string(" for all spaces")
                                   : " for " + std::to_string(given.spaces.size()) + " spaces") +
                 (may_write(given) ? ", to write too" : ", to read"));
        return Created{given.id, text};
      },
      [this, done](Result<Created> created) { tell_doors(std::move(created), done); });
}

void TokenService::list(const std::optional<std::string>& name, Done<std::vector<TokenView>> done) {
  ask_storage<std::vector<TokenView>>(
      host_,
      [name](storage::Vault& vault) -> Result<std::vector<TokenView>> {
        LANYARD_TRY_SET(auto tokens, read_tokens(vault));
        if (!name) return tokens;
        return resolve_tokens(std::move(tokens), *name);
      },
      std::move(done));
}

void TokenService::revoke(const std::string& name, const Done<std::vector<TokenView>>& done) {
  revoke_chosen([name](std::vector<TokenView> all) { return resolve_tokens(std::move(all), name); },
                done);
}

void TokenService::revoke_user(const std::string& user, const Done<std::vector<TokenView>>& done) {
  const auto choose = [user](std::vector<TokenView> all) -> Result<std::vector<TokenView>> {
    std::erase_if(all, [&](const TokenView& each) { return each.token.user != user; });
    return all;
  };
  revoke_chosen(choose, done);
}

void TokenService::revoke_earlier(const Hash& token, const Done<std::vector<TokenView>>& done) {
  const auto choose = [token](std::vector<TokenView> all) -> Result<std::vector<TokenView>> {
    const auto place = std::find_if(
        all.begin(), all.end(), [&](const TokenView& each) { return each.token.hash == token; });
    if (place == all.end() || place->token.origin.empty()) return std::vector<TokenView>();
    const TokenEntry now = place->token;
    std::erase_if(all, [&](const TokenView& each) {
      const TokenEntry& other = each.token;
      const bool is_of_it = other.app == now.app && other.origin == now.origin;
      const bool was_allowed = other.user.empty() && !other.may_manage && other.expires_ms == 0;
      return !is_of_it || !was_allowed || other.id == now.id || other.created_ms > now.created_ms;
    });
    return all;
  };
  revoke_chosen(choose, done);
}

void TokenService::revoke_chosen(Choose choose, const Done<std::vector<TokenView>>& done) {
  ask_storage<std::vector<TokenView>>(
      host_,
      [choose = std::move(choose)](storage::Vault& vault) -> Result<std::vector<TokenView>> {
        LANYARD_TRY_SET(auto all, read_tokens(vault));
        LANYARD_TRY_SET(auto found, choose(std::move(all)));
        for (const TokenView& each : found) {
          LANYARD_TRY(vault.revoke_token(each.token.id));
          log_info("token " + to_hex(each.token.id.view()) + " was revoked");
        }
        return found;
      },
      [this, done](Result<std::vector<TokenView>> revoked) {
        tell_doors(std::move(revoked), done);
      });
}

}  // namespace lanyard::agent
