#include "agent/compat/secret_names.hpp"

#include <algorithm>
#include <array>

#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

/// A name whose last word is one of these.
constexpr auto kLastWords = std::to_array<std::string_view>(
    {"passwords", "pwd",        "passphrase",  "passcode", "secret",  "secrets",
     "token",     "credential", "credentials", "apitoken", "jwt",     "bearer",
     "mnemonic",  "mnemonics",  "dsn",         "cookie",   "cookies", "authorization",
     "auth",      "pat",        "otp",         "totp",     "pincode", "cvv",
     "cvc",       "keypair",    "xprv",        "nsec",     "pem"});

/// A name in which these follow each other.
using WordPair = std::pair<std::string_view, std::string_view>;
constexpr auto kWordPairs = std::to_array<WordPair>(
    {{"api", "key"},           {"api", "keys"},        {"private", "key"},
     {"private", "keys"},      {"secret", "key"},      {"secret", "keys"},
     {"access", "key"},        {"access", "keys"},     {"auth", "key"},
     {"signing", "key"},       {"encryption", "key"},  {"access", "tokens"},
     {"api", "tokens"},        {"auth", "tokens"},     {"refresh", "tokens"},
     {"seed", "phrase"},       {"recovery", "phrase"}, {"recovery", "code"},
     {"recovery", "codes"},    {"backup", "codes"},    {"auth", "header"},
     {"connection", "string"}, {"password", "hash"},   {"session", "key"},
     {"service", "account"},   {"pin", "code"},        {"webhook", "url"},
     {"client", "secret"}});

/// A name that is written as one word and ends so.
constexpr auto kEndings = std::to_array<std::string_view>(
    {"apikey", "apikeys", "password", "passwd", "secretkey", "privatekey", "accesskey", "authtoken",
     "accesstoken", "refreshtoken", "secrettoken", "apisecret", "clientsecret"});

/// What a key is that opens nothing: in "sortKey" the word before it says so. Any other
/// `..._key` is one of somebody's (`openai_key`).
constexpr auto kHarmlessKeys = std::to_array<std::string_view>(
    {"primary",     "foreign",   "sort",        "partition", "cache",     "storage",
     "public",      "hot",       "shortcut",    "group",     "index",     "map",
     "object",      "data",      "lookup",      "row",       "item",      "query",
     "meta",        "ctrl",      "control",     "alt",       "shift",     "enter",
     "send",        "submit",    "escape",      "esc",       "tab",       "space",
     "arrow",       "function",  "translation", "message",   "locale",    "lang",
     "language",    "label",     "title",       "name",      "column",    "field",
     "table",       "record",    "sorting",     "order",     "filter",    "view",
     "route",       "page",      "menu",        "active",    "selected",  "default",
     "current",     "last",      "next",        "prev",      "previous",  "first",
     "parent",      "child",     "node",        "tree",      "react",     "list",
     "unique",      "composite", "candidate",   "natural",   "surrogate", "dedupe",
     "idempotency", "push",      "talk",        "media",     "command",   "option",
     "modifier",    "trigger",   "toggle",      "state",     "context",   "setting",
     "settings",    "config",    "theme",       "icon",      "color",     "event",
     "metric",      "chart",     "bucket",      "hash",      "id",        "chat",
     "session",     "user",      "model",       "provider",  "type",      "value",
     "answer",      "song",      "music",       "musical",   "minor",     "major",
     "i",           "n"});

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_name_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/// "openai_key", and not "sortKey" or "key" alone.
bool is_somebodys_key(const std::vector<std::string>& words) {
  if (words.size() < 2 || (words.back() != "key" && words.back() != "keys")) return false;
  const std::string& before = words[words.size() - 2];
  return std::find(kHarmlessKeys.begin(), kHarmlessKeys.end(), before) == kHarmlessKeys.end();
}

/// Whether a word begins here: "fooBar" at B, "APIKey" at K.
bool begins_word(std::string_view name, std::size_t at) {
  if (at == 0 || !is_upper(name[at])) return false;
  if (!is_upper(name[at - 1])) return true;
  return at + 1 < name.size() && is_name_letter(name[at + 1]) && !is_upper(name[at + 1]);
}

}  // namespace

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> out;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(word);
    word.clear();
  };
  for (std::size_t at = 0; at < name.size(); ++at) {
    const bool is_part = is_name_letter(name[at]) || static_cast<unsigned char>(name[at]) >= 0x80;
    if (!is_part || begins_word(name, at)) end_word();
    if (is_part) word += lower(name[at]);
  }
  end_word();
  return out;
}

bool is_secret_name(std::string_view name) {
  const std::vector<std::string> words = words_of(name);
  if (words.empty()) return false;
  const auto is_last = [&](std::string_view word) { return words.back() == word; };
  if (std::any_of(kLastWords.begin(), kLastWords.end(), is_last)) return true;
  const auto ends = [&](std::string_view ending) { return words.back().ends_with(ending); };
  if (std::any_of(kEndings.begin(), kEndings.end(), ends)) return true;
  if (is_somebodys_key(words)) return true;
  for (std::size_t at = 1; at < words.size(); ++at)
    for (const auto& [first, second] : kWordPairs)
      if (words[at - 1] == first && words[at] == second) return true;
  return false;
}

bool is_redaction(std::string_view text) {
  constexpr auto kTexts = std::to_array<std::string_view>(
      {"[redacted]", "<redacted>", "(redacted)", "redacted", "[hidden]", "[secret]"});
  const std::string small = lower(text);
  if (std::find(kTexts.begin(), kTexts.end(), small) != kTexts.end()) return true;
  constexpr std::string_view kBullet = "\xE2\x80\xA2";
  std::size_t stars = 0;
  std::string_view rest = text;
  while (rest.starts_with('*') || rest.starts_with(kBullet)) {
    rest.remove_prefix(rest.starts_with('*') ? 1 : kBullet.size());
    ++stars;
  }
  return rest.empty() && stars >= 3;
}

}  // namespace lanyard::agent
