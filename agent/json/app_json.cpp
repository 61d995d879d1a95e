#include "agent/json/app_json.hpp"

#include "agent/json/json_views.hpp"

namespace lanyard::agent {
namespace {

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
  out.member("manage", token.may_manage).member("user", utf8_or_escaped(token.user));
  out.member("createdMs", token.created_ms);
  out.member("lastUsedMs", token.last_used_ms).member("expiresMs", token.expires_ms).end_object();
}

/// "app", "origin", "spaces", "allSpaces" and "write".
void write_wish_members(const AppWish& wish, JsonWriter& out) {
  out.member("app", utf8_or_escaped(wish.app)).member("origin", wish.origin);
  out.name("spaces").begin_array();
  for (const std::string& space : wish.spaces) out.text(utf8_or_escaped(space));
  out.end_array().member("allSpaces", wish.all_spaces).member("write", wish.may_write);
}

}  // namespace

std::string tokens_json(const std::vector<TokenView>& tokens) {
  JsonWriter out;
  out.begin_object().name("tokens").begin_array();
  for (const TokenView& each : tokens) write_token(each, out);
  return out.end_array().end_object().take();
}

std::string revoked_json(const std::vector<TokenView>& revoked) {
  JsonWriter out;
  out.begin_object().name("revoked").begin_array();
  for (const TokenView& each : revoked) {
    out.begin_object().member("id", to_hex(each.token.id.view()));
    out.member("app", utf8_or_escaped(each.token.app)).end_object();
  }
  return out.end_array().end_object().take();
}

std::string requests_json(const std::vector<AppRequest>& requests) {
  JsonWriter out;
  out.begin_object().name("requests").begin_array();
  for (const AppRequest& each : requests) {
    out.begin_object().member("id", to_hex(each.id.view()));
    write_wish_members(each.wish, out);
    out.member("why", utf8_or_escaped(each.wish.why)).member("fromPage", each.from_page);
    out.member("user", utf8_or_escaped(each.user)).member("program", utf8_or_escaped(each.program));
    out.member("askedMs", each.asked_ms).member("expiresMs", each.expires_ms).end_object();
  }
  return out.end_array().end_object().take();
}

std::string granted_json(const AppService::Granted& granted) {
  JsonWriter out;
  out.begin_object().member("id", to_hex(granted.token.view()));
  write_wish_members(granted.wish, out);
  return out.end_object().take();
}

std::string refused_json(const AppRequest& request) {
  JsonWriter out;
  out.begin_object().member("id", to_hex(request.id.view()));
  out.member("app", utf8_or_escaped(request.wish.app)).member("origin", request.wish.origin);
  return out.end_object().take();
}

Result<Narrowing> read_narrowing(Params& in) {
  Narrowing out;
  LANYARD_TRY_SET(out.read_only, in.boolean("readOnly", false));
  if (in.optional_json("spaces")) {
    LANYARD_TRY_SET(out.spaces, in.texts("spaces"));
    if (out.spaces.empty())
      return fail(Code::kUsage, "no space is left of what was asked for",
                  "Leave \"spaces\" out to grant all of them, or refuse the request.");
  }
  LANYARD_TRY(in.finish());
  return out;
}

}  // namespace lanyard::agent
