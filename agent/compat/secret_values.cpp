#include "agent/compat/secret_values.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "agent/ascii_text.hpp"
#include "agent/compat/secret_names.hpp"

namespace lanyard::agent {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_'; }
/// Of base64url (RFC 4648, 5), as most tokens are spelled.
bool is_key_letter(char c) { return is_word(c) || c == '-'; }
/// Of token68 (RFC 9110, 11.2), as credentials of HTTP are.
bool is_token68(char c) {
  return is_key_letter(c) || std::string_view(".~+/=").find(c) != std::string_view::npos;
}

template <class Is>
std::size_t run_of(std::string_view text, std::size_t from, Is is) {
  std::size_t at = from;
  while (at < text.size() && is(text[at])) ++at;
  return at - from;
}

/// How the issuers of keys let theirs begin, and how many letters follow at least.
struct Beginning {
  std::string_view text;
  std::size_t more;
};
constexpr auto kBeginnings = std::to_array<Beginning>({
    {"sk-", 16},      {"sk_live_", 12}, {"sk_test_", 12}, {"rk_live_", 12},
    {"rk_test_", 12}, {"whsec_", 16},   {"ghp_", 20},     {"gho_", 20},
    {"ghu_", 20},     {"ghs_", 20},     {"ghr_", 20},     {"github_pat_", 20},
    {"glpat-", 16},   {"xoxa-", 10},    {"xoxb-", 10},    {"xoxp-", 10},
    {"xoxr-", 10},    {"xoxs-", 10},    {"xapp-", 10},    {"AKIA", 16},
    {"ASIA", 16},     {"AIza", 30},     {"ya29.", 20},    {"hf_", 20},
    {"gsk_", 20},     {"xai-", 20},     {"pplx-", 20},    {"r8_", 20},
    {"nvapi-", 20},   {"tvly-", 16},    {"npm_", 30},     {"pypi-", 20},
    {"dop_v1_", 32},  {"shpat_", 20},   {"SG.", 20},      {"AGE-SECRET-KEY-1", 20},
    {"figd_", 20},    {"lin_api_", 20}, {"secret_", 32},  {"ntn_", 30},
    {"sbp_", 20},     {"eyJ", 16},
});

/// The one that stands at the beginning of the text.
const Beginning* beginning_of(std::string_view text) {
  const auto* const found =
      std::find_if(kBeginnings.begin(), kBeginnings.end(),
                   [&](const Beginning& each) { return text.starts_with(each.text); });
  return found == kBeginnings.end() ? nullptr : found;
}

/// A key stands by itself: "risk-free" has none in it. Looks at each letter once or twice, however
/// much of the text looks like the beginning of a key.
bool has_known_key(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && is_word(text[at - 1])) continue;
    const Beginning* const begins = beginning_of(text.substr(at));
    if (begins == nullptr) continue;
    const std::size_t from = at + begins->text.size();
    const std::size_t more = run_of(text, from, is_key_letter);
    const std::string_view rest = text.substr(from, more);
    // Words that a person hyphenates have no digits in them; a token in three parts has dots.
    const bool is_random = std::any_of(rest.begin(), rest.end(), is_digit);
    const bool is_jwt = text.substr(from + more).starts_with(".eyJ");
    const bool is_long = more >= begins->more;
    if (is_long && (begins->text == "eyJ" ? is_jwt : is_random)) return true;
    at = from + more;
  }
  return false;
}

/// "Bearer ..." and "Basic ...", alone or behind the name of their header.
bool has_credentials(std::string_view text) {
  for (std::size_t at = text.find_first_of("Bb"); at != std::string_view::npos;
       at = text.find_first_of("Bb", at + 1)) {
    for (const std::string_view scheme : {"bearer ", "basic "}) {
      if (!is_same_text(text.substr(at, scheme.size()), scheme)) continue;
      const std::size_t from = at + scheme.size();
      const std::size_t length = run_of(text, from, is_token68);
      const std::string_view token = text.substr(from, length);
      const bool is_alone = at == 0 || !is_word(text[at - 1]);
      const bool is_odd =
          std::any_of(token.begin(), token.end(), [](char c) { return is_digit(c); });
      if (is_alone && length >= 8 && (is_odd || token.ends_with('='))) return true;
    }
  }
  return false;
}

/// `user:password@` of an address, or a secret's name among what it asks.
bool has_secret_address(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = text.find("://"); at != std::string_view::npos;
       at = text.find("://", end)) {
    end = std::min(text.find_first_of(" \t\r\n\"'<>", at + 3), text.size());
    const std::string_view rest = text.substr(at + 3, end - at - 3);
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t host = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (host != std::string_view::npos && colon < host && host - colon > 1) return true;
    for (std::size_t asked = rest.find_first_of("?#&"); asked != std::string_view::npos;
         asked = rest.find_first_of("?#&", asked + 1)) {
      const std::string_view pair =
          rest.substr(asked + 1, rest.find_first_of("?#&", asked + 1) - asked - 1);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.size() - equals < 5) continue;
      if (is_secret_name(pair.substr(0, equals)) || pair.substr(0, equals) == "key" ||
          pair.substr(0, equals) == "sig")
        return true;
    }
  }
  return false;
}

/// Addresses that are secrets as a whole.
bool has_webhook(std::string_view text) {
  constexpr auto kAddresses = std::to_array<std::string_view>(
      {"hooks.slack.com/services/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/",
       "webhook.office.com/webhookb2/", "otpauth://"});
  return std::any_of(kAddresses.begin(), kAddresses.end(), [&](std::string_view address) {
    const std::size_t at = text.find(address);
    return at != std::string_view::npos && text.size() - at > address.size() + 8;
  });
}

/// Of a bot of Telegram: its number and 35 letters.
bool has_bot_token(std::string_view text) {
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    std::size_t from = at;
    while (from > 0 && is_digit(text[from - 1])) --from;
    if (at - from >= 8 && at - from <= 11 && run_of(text, at + 1, is_key_letter) == 35) return true;
  }
  return false;
}

bool has_private_key(std::string_view text) {
  const std::size_t at = text.find("-----BEGIN ");
  return at != std::string_view::npos &&
         text.substr(at).find("PRIVATE KEY") != std::string_view::npos;
}

}  // namespace

bool looks_secret(std::string_view text) {
  // An image within an address is a megabyte of letters in which anything may turn up.
  if (text.size() < 12 || text.starts_with("data:")) return false;
  return has_private_key(text) || has_known_key(text) || has_credentials(text) ||
         has_secret_address(text) || has_webhook(text) || has_bot_token(text);
}

}  // namespace lanyard::agent
