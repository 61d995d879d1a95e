#include "agent/cli/token_table.hpp"

#include "agent/cli/output.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kSpacesColumns = 60;

std::string expiry_text(const Json& token, std::int64_t now_ms) {
  const std::int64_t expires = token.value("expiresMs", std::int64_t{0});
  if (expires == 0) return "never";
  return expires <= now_ms ? "expired" : "in " + duration_text(expires - now_ms);
}

}  // namespace

std::string rights_text(const Json& token) {
  const auto with = [](const std::string& what, bool write) {
    return what + (write ? " rw" : " r");
  };
  std::string out;
  if (token.value("allSpaces", false)) out = with("all", token.value("write", false));
  for (const Json& space : token["spaces"])
    out += (out.empty() ? "" : ", ") + with(shown(space, "name"), space.value("write", false));
  if (token.value("manage", false)) out += out.empty() ? "manage" : ", manage";
  if (const std::string user = shown(token, "user"); !user.empty()) out += "rows of " + user;
  return out;
}

std::vector<std::vector<std::string>> token_rows(const Json& tokens, std::int64_t now_ms) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "APP", "ORIGIN", "SPACES", "LAST USED", "EXPIRES"}};
  for (const Json& token : tokens) {
    const std::string origin = shown(token, "origin");
    rows.push_back(
        {shown(token, "id"), display_cut(token.value("app", std::string()), 40),
         origin.empty() ? "programs" : origin, display_cut(rights_text(token), kSpacesColumns),
         age_text(token.value("lastUsedMs", std::int64_t{0}), now_ms), expiry_text(token, now_ms)});
  }
  return rows;
}

}  // namespace lanyard::agent
