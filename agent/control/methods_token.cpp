#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_views.hpp"

/// Giving rights to apps: here and nowhere else (docs/CONTROL.md).
namespace lanyard::agent {
namespace {

using Tokens = std::vector<TokenView>;

constexpr std::int64_t kExpiresInMaxS = 100LL * 366 * 86'400;

/// Never its hash.
void write_token(const TokenView& view, JsonWriter& out) {
  const storage::TokenEntry& token = view.token;
  out.begin_object().member("id", to_hex(token.id.view()));
  out.member("app", utf8_or_escaped(token.app)).member("origin", utf8_or_escaped(token.origin));
  out.name("spaces").begin_array();
  for (std::size_t at = 0; at < token.spaces.size(); ++at) {
    out.begin_object().member("id", to_text(token.spaces[at].space));
    out.member("name", utf8_or_escaped(view.space_names[at]));
    out.member("write", token.spaces[at].may_write).end_object();
  }
  out.end_array().member("allSpaces", token.all_spaces).member("write", token.may_write);
  out.member("manage", token.may_manage).member("createdMs", token.created_ms);
  out.member("lastUsedMs", token.last_used_ms).member("expiresMs", token.expires_ms).end_object();
}

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
    room.tokens.list(token, [reply](const Result<Tokens>& tokens) {
      reply.answer(tokens, [](const Tokens& found) {
        JsonWriter out;
        out.begin_object().name("tokens").begin_array();
        for (const TokenView& each : found) write_token(each, out);
        return out.end_array().end_object().take();
      });
    });
    return {};
  });
}

void token_revoke(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string token, in.text("token"));
    LANYARD_TRY(in.finish());
    room.tokens.revoke(token, [reply](const Result<Tokens>& revoked) {
      reply.answer(revoked, [](const Tokens& gone) {
        JsonWriter out;
        out.begin_object().name("revoked").begin_array();
        for (const TokenView& each : gone) {
          out.begin_object().member("id", to_hex(each.token.id.view()));
          out.member("app", utf8_or_escaped(each.token.app)).end_object();
        }
        return out.end_array().end_object().take();
      });
    });
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
