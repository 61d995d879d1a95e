#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/app_json.hpp"

/// Giving rights to programs and pages by hand (docs/CONTROL.md).
namespace lanyard::agent {
namespace {

using Tokens = std::vector<TokenView>;

constexpr std::int64_t kExpiresInMaxS = 100LL * 366 * 86'400;

Result<TokenWish> read_wish(Params& in) {
  TokenWish wish;
  LANYARD_TRY_SET(wish.app, in.text("app"));
  LANYARD_TRY_SET(const auto origin, in.optional_text("origin"));
  wish.origin = origin.value_or("");
  if (in.optional_json("spaces")) {
    LANYARD_TRY_SET(wish.spaces, in.texts("spaces"));
  }
  LANYARD_TRY_SET(wish.all_spaces, in.boolean("allSpaces", false));
  LANYARD_TRY_SET(wish.may_write, in.boolean("write", false));
  LANYARD_TRY_SET(wish.may_manage, in.boolean("manage", false));
  LANYARD_TRY_SET(const auto user, in.optional_text("user"));
  wish.user = user.value_or("");
  LANYARD_TRY_SET(const std::int64_t expires_s, in.integer("expiresInS", 0, 1, kExpiresInMaxS));
  if (expires_s > 0) wish.expires_in = std::chrono::seconds(expires_s);
  LANYARD_TRY(in.finish());
  return wish;
}

void token_create(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const TokenWish wish, read_wish(in));
    room.tokens.create(wish, [reply](const Result<TokenService::Created>& created) {
      reply.answer(created, [](const TokenService::Created& given) {
        JsonWriter out;
        out.begin_object().member("id", to_hex(given.id.view())).member("token", given.text);
        return out.end_object().take();
      });
    });
    return {};
  });
}

void token_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const auto token, in.optional_text("token"));
    LANYARD_TRY(in.finish());
    room.tokens.list(token,
                     [reply](const Result<Tokens>& tokens) { reply.answer(tokens, tokens_json); });
    return {};
  });
}

void token_revoke(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string token, in.text("token"));
    LANYARD_TRY(in.finish());
    room.tokens.revoke(
        token, [reply](const Result<Tokens>& revoked) { reply.answer(revoked, revoked_json); });
    return {};
  });
}

constexpr std::array kTokenMethods = std::to_array<ControlMethod>({
    {"token.create", token_create},
    {"token.list", token_list},
    {"token.revoke", token_revoke},
});

}  // namespace

std::span<const ControlMethod> token_methods() { return kTokenMethods; }

}  // namespace lanyard::agent
