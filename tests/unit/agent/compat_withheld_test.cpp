#include <catch2/catch.hpp>

#include "agent/compat/posted_text.hpp"
#include "agent/compat/secret_names.hpp"
#include "agent/compat/withheld.hpp"

namespace lanyard::agent {
namespace {

/// A text that comes in pieces of this size, mended.
std::string mended(std::string_view text, std::size_t size) {
  SurrogateMender mender;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size) out += mender.take(text.substr(at, size));
  return out + mender.end();
}

}  // namespace

TEST_CASE("a name's words are found however they are written together") {
  CHECK(words_of("openAIApiKey") == std::vector<std::string>{"open", "ai", "api", "key"});
  CHECK(words_of("OPENAI_API_KEY") == std::vector<std::string>{"openai", "api", "key"});
  CHECK(words_of("APIKey2") == std::vector<std::string>{"api", "key"});
  CHECK(words_of("a-b.c d") == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(words_of("").empty());
}

TEST_CASE("names of secrets are told from names that look like them") {
  for (const char* name : {"apiKey",        "geminiApiKey", "OPENAI_API_KEY",
                           "api_key",       "apikey",       "geminiapikey",
                           "apiKeys",       "APIKey",       "password",
                           "Password",      "userPassword", "token",
                           "accessToken",   "access_token", "hfToken",
                           "refreshTokens", "secret",       "clientSecret",
                           "privateKey",    "secretKey",    "AWS_SECRET_ACCESS_KEY",
                           "apiKeyGemini",  "credentials",  "passphrase"})
    CHECK(is_secret_name(name));
  for (const char* name : {"maxTokens",
                           "tokenCount",
                           "inputTokens",
                           "outputTokens",
                           "tokens",
                           "keyboard",
                           "key",
                           "keys",
                           "sortKey",
                           "primaryKey",
                           "hotkey",
                           "shortcutKey",
                           "passwordHint",
                           "secretary",
                           "monkey",
                           "tokenizer",
                           "apiUrl",
                           "theme",
                           "",
                           "_"})
    CHECK_FALSE(is_secret_name(name));
}

TEST_CASE("redactions are known as such") {
  for (const char* text : {"***", "********", "[redacted]", "<REDACTED>", "\u2022\u2022\u2022"})
    CHECK(is_redaction(text));
  for (const char* text : {"", "*", "**", "sk-***", "secret"}) CHECK_FALSE(is_redaction(text));
}

TEST_CASE("what is withheld comes back to its place") {
  for (const char* json :
       {R"({"a":1,"apiKey":"x"})", R"({"p":[{"name":"n","token":"t"},{"token":"u"}]})",
        R"({"deep":{"er":{"password":"p","q":1}}})", R"([{"username":"ann","password":"p"}])"}) {
    const Withheld out = withhold(json, {});
    CHECK_FALSE(out.kept.empty());
    for (const storage::KeptMember& each : out.kept)
      CHECK(out.json.find(each.json) == std::string::npos);
    // Members come back at the end of their object.
    CHECK(withhold(give_back(out.json, out.kept), {}).kept == out.kept);
    CHECK(withhold(give_back(out.json, out.kept), {}).json == out.json);
  }
}

TEST_CASE("an element is found again by its name when others come before it") {
  const Withheld out = withhold(R"([{"username":"ann","password":"p"}])", {});
  CHECK(give_back(R"([{"username":"bob"},{"username":"ann"}])", out.kept) ==
        R"([{"username":"bob"},{"username":"ann","password":"p"}])");
  CHECK(give_back(R"([{"username":"bob"}])", out.kept) == R"([{"username":"bob"}])");
}

TEST_CASE("numbers and switches are no secrets, whatever their name") {
  const char* const json = R"({"token":5,"showPassword":true,"password":null})";
  CHECK(withhold(json, {}).json == json);
  CHECK(withhold(json, {}).kept.empty());
}

TEST_CASE("members are kept here on request, of the value itself alone") {
  const Withheld out = withhold(R"({"theme":"dark","x":{"theme":1}})", {"theme"});
  CHECK(out.json == R"({"x":{"theme":1}})");
  CHECK(out.kept == std::vector<storage::KeptMember>{{R"(["theme"])", R"("dark")"}});
}

TEST_CASE("a redaction stands for what was kept before") {
  const std::vector<storage::KeptMember> before = {{"[\"a\"]", "\"secret\""}};
  CHECK(kept_from({{"[\"a\"]", "\"***\""}}, before) == before);
  CHECK(kept_from({{"[\"a\"]", "\"new\""}}, before).front().json == "\"new\"");
  CHECK(kept_from({}, before).empty());
}

TEST_CASE("half a character is mended, however the text is cut into pieces") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("plain")", R"("plain")"},
      {R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
      {R"("\ud83d")", R"("\uFFFD")"},
      {R"("\ude00")", R"("\uFFFD")"},
      {R"("\ud83dx")", R"("\uFFFDx")"},
      {R"("\ud83d\n")", R"("\uFFFD\n")"},
      {R"("\ud83d\ud83d\ude00")", R"("\uFFFD\ud83d\ude00")"},
      {R"("\\ud83d")", R"("\\ud83d")"},
      {R"("\u00e9\"\\")", R"("\u00e9\"\\")"},
      {R"(\ud83d)", R"(\uFFFD)"},
      {R"(\u12)", R"(\u12)"},
  };
  for (const auto& [text, wanted] : cases)
    for (std::size_t size = 1; size <= text.size(); ++size) CHECK(mended(text, size) == wanted);
}

}  // namespace lanyard::agent
