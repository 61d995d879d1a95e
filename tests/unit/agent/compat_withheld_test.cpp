#include <catch2/catch.hpp>

#include "agent/compat/posted_text.hpp"
#include "agent/compat/secret_names.hpp"
#include "agent/compat/secret_values.hpp"
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
                           "apiKeyGemini",  "credentials",  "passphrase",
                           "openai_key",    "anthropicKey", "Authorization",
                           "x-api-key",     "mnemonic",     "seed_phrase",
                           "recoveryCodes", "cookie",       "session_cookie",
                           "dsn",           "SENTRY_DSN",   "dbPwd",
                           "jwt",           "id_token",     "connectionString",
                           "webhookUrl",    "sshKey",       "licenseKey",
                           "encryptionKey", "totp",         "serviceAccount"})
    CHECK(is_secret_name(name));
  for (const char* name :
       {"maxTokens",    "tokenCount",  "inputTokens", "outputTokens", "tokens",  "keyboard",
        "key",          "keys",        "sortKey",     "primaryKey",   "hotkey",  "shortcutKey",
        "passwordHint", "secretary",   "monkey",      "tokenizer",    "apiUrl",  "theme",
        "cacheKey",     "storage_key", "i18nKey",     "publicKey",    "sendKey", "authenticated",
        "author",       "pinned",      "patient",     "sessionId",    "",        "_"})
    CHECK_FALSE(is_secret_name(name));
}

TEST_CASE("texts that look like secrets are told from those that do not") {
  for (const std::string text : {"sk-proj-4f9Q2kLmN8pRsT1uVwXyZ0aB",
                                 "sk-ant-api03-AbCdEf0123456789-xyz",
                                 "my key: sk-4f9Q2kLmN8pRsT1uVwXyZ0aB, keep it",
                                 "ghp_0123456789abcdefghijABCDEFGHIJ456789",
                                 "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
                                 "glpat-0123456789abcdefABCD",
                                 "xoxb-1234567890-abcdefghij",
                                 "AKIAIOSFODNN7EXAMPLE",
                                 "hf_abcdefghijklmnopqrstuvwx0123456",
                                 "AIzaSyA-0123456789abcdefghijklmnopqrstu",
                                 "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                                 "Bearer 0123456789abcdef",
                                 "Authorization: Basic dXNlcjpwYXNzd29yZA==",
                                 "postgres://ann:hunter2@db.local:5432/app",
                                 "redis://:hunter2@127.0.0.1",
                                 "https://api.example/v1?api_key=0123456789",
                                 "https://maps.example/js?key=abcdefgh&v=3",
                                 "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
                                 "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
                                 "123456789:AAabcdefghijklmnopqrstuvwxyz0123456",
                                 "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END "
                                 "OPENSSH PRIVATE KEY-----"}) {
    INFO(text);
    CHECK(looks_secret(text));
  }
  for (const std::string text :
       {"", "dark", "a risk-free-way-of-doing-things-2", "sk-learn-pipeline-of-a-long-name",
        "https://example.org/a?page=2&theme=dark", "https://example.org:8080/path@v2",
        "mailto:ann@example.org", "http://localhost:5173", "Basic settings of the page",
        "The bearer of bad news", "12:30 until 14:45",
        "data:image/png;base64,sk-0123456789abcdef01", "-----BEGIN CERTIFICATE-----",
        "eyJ is how JSON begins in base64", "Paris: 48.8566, 2.3522",
        "550e8400-e29b-41d4-a716-446655440000"}) {
    INFO(text);
    CHECK_FALSE(looks_secret(text));
  }
}

TEST_CASE("a secret is found beside its name, in a list, and in JSON within a text") {
  const std::string secret = "hunter2-hunter2";
  for (const std::string json :
       {R"({"name":"apiKey","value":"hunter2-hunter2"})",
        R"([{"key":"OPENAI_KEY","value":"hunter2-hunter2","on":true},{"key":"theme","value":"x"}])",
        R"([["apiKey","hunter2-hunter2"],["theme","dark"]])",
        R"({"persist":"{\"state\":{\"apiKey\":\"hunter2-hunter2\"}}"})",
        R"({"urls":["https://ann:hunter2-hunter2@example.org","https://example.org"]})"}) {
    INFO(json);
    const Withheld out = withhold(json, {});
    CHECK(out.json.find(secret) == std::string::npos);
    REQUIRE(out.kept.size() == 1);
    const std::string back = give_back(out.json, out.kept);
    CHECK(back.find(secret) != std::string::npos);
    CHECK(withhold(back, {}).kept == out.kept);
    CHECK(withhold(back, {}).json == out.json);
  }
  CHECK(is_secret_text(R"("sk-proj-4f9Q2kLmN8pRsT1uVwXyZ0aB")"));
  CHECK_FALSE(is_secret_text(R"("dark")"));
  CHECK_FALSE(is_secret_text("5"));
}

TEST_CASE("whatever was taken out of lists comes back as it was") {
  for (const std::string json :
       {R"(["auth_token",{"name":"ann","token":"t"}])", R"([["apiKeys",["a","b"]],["x",1]])",
        R"([{"label":"work","id":"sk-proj-4f9Q2kLmN8pRsT1uVwXyZ0aB"},{"label":"home"}])",
        R"([{"name":"Cookie","value":"a"},{"name":"Cookie","value":"b"},{"name":"x"}])",
        R"([{"id":{"a":1},"token":"t"},{"id":[2],"token":"u"}])",
        R"({"a":{"b":[{"id":1,"apiKey":"k"},{"id":1,"apiKey":"l"},"https://a:hunter2@b"]}})"}) {
    INFO(json);
    const Withheld out = withhold(json, {});
    CHECK_FALSE(out.kept.empty());
    CHECK(kept_from(out.kept, {}).size() == out.kept.size());
    CHECK(give_back(out.json, kept_from(out.kept, {})) == json);
  }
}

TEST_CASE("what another device wrote meanwhile stays, unless each has its own by its name") {
  const Withheld out = withhold(R"({"text":"sk-proj-4f9Q2kLmN8pRsT1uVwXyZ0aB"})", {});
  CHECK(give_back(R"({"text":"hello"})", out.kept) == R"({"text":"hello"})");
  const Withheld named = withhold(R"({"apiKey":"mine","theme":"dark"})", {"theme"});
  CHECK(give_back(R"({"apiKey":"theirs","theme":"light"})", named.kept, {"theme"}) ==
        R"({"apiKey":"mine","theme":"dark"})");
}

TEST_CASE("a text of many beginnings of keys is looked through once") {
  std::string much;
  while (much.size() < 4U << 20) much += "sk-sk- ://?://&bearer :";
  CHECK_FALSE(looks_secret(much));
}

TEST_CASE("a list that changed on another device keeps what stands where a secret was") {
  const Withheld out = withhold(R"(["https://a:hunter2@b","x"])", {});
  CHECK(out.json == R"([null,"x"])");
  CHECK(give_back(out.json, out.kept) == R"(["https://a:hunter2@b","x"])");
  CHECK(give_back(R"(["new","x"])", out.kept) == R"(["new","x"])");
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
