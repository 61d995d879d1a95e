#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/api/live_cursor.hpp"
#include "agent/api/openapi.hpp"
#include "agent/api/request_gate.hpp"
#include "agent/api/router.hpp"
#include "agent/service/mutation.hpp"
#include "crypto/sodium.hpp"

using namespace lanyard;
using namespace lanyard::agent;

namespace {

Doors doors() {
  Doors out;
  out.port = 7760;
  out.is_registered = [](const std::string& origin) { return origin == "http://app.test:5173"; };
  return out;
}

Approach from_program() {
  Approach out;
  out.method = "GET";
  out.host = "127.0.0.1:7760";
  return out;
}

int status_for(const Approach& approach) {
  const auto refusal = refuse_approach(approach, doors());
  return refusal ? refusal->status : 200;
}

const Route kRoutes[] = {
    {"GET", "/v1/spaces"},
    {"POST", "/v1/spaces"},
    {"GET", "/v1/spaces/{space}"},
    {"PUT", "/v1/spaces/{space}/collections/{collection}/records/{key}"},
};

std::string route_of(std::string_view method, std::string_view path) {
  const Match match = find_route(kRoutes, method, path);
  if (!match.route) return match.allowed.empty() ? "none" : "allowed " + match.allowed;
  std::string out(match.route->path);
  for (const std::string& name : match.names) out += " [" + name + "]";
  return out;
}

}  // namespace

TEST_CASE("the gate knows its own names, with the port, and no others") {
  const auto with_host = [](const char* host) {
    Approach out = from_program();
    out.host = host;
    return status_for(out);
  };
  for (const char* host : {"127.0.0.1:7760", "[::1]:7760", "localhost:7760", "LOCALHOST:7760"}) {
    INFO(host);
    CHECK(with_host(host) == 200);
  }
  for (const char* host :
       {"", "127.0.0.1", "localhost", "127.0.0.1:7761", "127.0.0.1:07760", "evil.com:7760",
        "localhost.evil.com:7760", "127.0.0.1.nip.io:7760", "0.0.0.0:7760", "2130706433:7760",
        "127.1:7760", "[::]:7760", "::1:7760", "user@localhost:7760", "localhost:7760:7760",
        "localhost.:7760", "127.0.0.1:7760 "}) {
    INFO(host);
    CHECK(with_host(host) == 421);
  }
}

TEST_CASE("the gate lets pages of registered origins in, and no others") {
  const auto with_origin = [](const char* origin) {
    Approach out = from_program();
    out.origin = origin;
    return status_for(out);
  };
  CHECK(with_origin("http://app.test:5173") == 200);
  CHECK(with_origin("http://127.0.0.1:7760") == 200);
  for (const char* origin :
       {"", "null", "http://app.test", "https://app.test:5173", "http://app.test:5174",
        "http://app.test:5173/", "http://evil.com", "https://127.0.0.1:7760",
        "http://127.0.0.1:7761", "http://127.0.0.1:7760.evil.com", "file://"}) {
    INFO(origin);
    CHECK(with_origin(origin) == 403);
  }
}

TEST_CASE("the gate lets pages that nobody knows ask for access, and do nothing else") {
  const auto with_origin = [](const char* origin, bool is_for_strangers) {
    Approach out = from_program();
    out.method = "POST";
    out.origin = origin;
    out.fetch_site = "cross-site";
    out.content_type = "application/json";
    out.is_for_strangers = is_for_strangers;
    return status_for(out);
  };
  for (const char* origin : {"http://evil.com", "https://evil.com", "http://app.test:5174"}) {
    INFO(origin);
    CHECK(with_origin(origin, true) == 200);
    CHECK(with_origin(origin, false) == 403);
  }
  for (const char* origin : {"", "null", "file://", "http://evil.com/", "HTTP://evil.com",
                             "http://evil.com:80", "http://evil.com http://app.test:5173"}) {
    INFO(origin);
    CHECK(with_origin(origin, true) == 403);
  }
  Approach plain = from_program();
  plain.origin = "http://evil.com";
  plain.is_for_strangers = true;
  plain.content_type = "text/plain";
  CHECK(status_for(plain) == 415);
  plain.host = "evil.com:7760";
  CHECK(status_for(plain) == 421);
}

TEST_CASE("two routes are open to pages that nobody knows") {
  std::string open;
  for (const Route& route : api_routes())
    if (route.need == Need::kStranger)
      open += std::string(route.method) + " " + std::string(route.path) + "\n";
  CHECK(open == "POST /v1/apps/requests\nGET /v1/apps/requests/{id}\n");
  const auto is_open = [](const char* method, const char* path) {
    return find_open_route(api_routes(), method, path) != nullptr;
  };
  CHECK(is_open("POST", "/v1/apps/requests"));
  CHECK(is_open("GET", "/v1/apps/requests/3f9a22c1"));
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "", "post"})
    CHECK(!is_open(method, "/v1/apps/requests"));
  for (const char* path : {"/v1/apps/requests/a/allow", "/v1/apps/requests/a/deny",
                           "/v1/apps/requests/", "/v1/apps/requests", "/v1/apps/tokens", "/",
                           "/v1/apps/requests/..", "/v1/apps/requests/%2e%2e"})
    CHECK(!is_open("GET", path));
  CHECK(!is_open("HEAD", "/v1/apps/requests/a"));
}

TEST_CASE("the gate believes what a browser says of itself") {
  const auto with_site = [](const char* method, const char* site, bool has_origin) {
    Approach out = from_program();
    out.method = method;
    out.fetch_site = site;
    if (has_origin) out.origin = "http://app.test:5173";
    return status_for(out);
  };
  CHECK(with_site("GET", "same-origin", false) == 200);
  CHECK(with_site("POST", "same-origin", false) == 200);
  CHECK(with_site("GET", "none", false) == 200);  // typed into the address bar
  CHECK(with_site("POST", "none", false) == 403);
  CHECK(with_site("GET", "cross-site", false) == 403);  // <img>, a link, an iframe
  CHECK(with_site("GET", "same-site", false) == 403);
  CHECK(with_site("GET", "cross-site", true) == 200);
  CHECK(with_site("GET", "nonsense", true) == 403);
}

TEST_CASE("the gate takes no body that a page of anywhere may send") {
  const auto with_type = [](std::optional<std::string> type, bool has_body) {
    Approach out = from_program();
    out.method = "POST";
    out.content_type = std::move(type);
    out.has_body = has_body;
    return status_for(out);
  };
  CHECK(with_type("application/json", true) == 200);
  CHECK(with_type("Application/JSON; charset=utf-8", true) == 200);
  CHECK(with_type("application/x-ndjson", true) == 200);
  CHECK(with_type({}, false) == 200);
  CHECK(with_type({}, true) == 415);
  for (const char* type :
       {"", "text/plain", "text/plain;application/json", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/jsonp", "application/json,text/plain"}) {
    INFO(type);
    CHECK(with_type(type, true) == 415);
    CHECK(with_type(type, false) == 415);
  }
}

TEST_CASE("the gate says which type of body it does not take") {
  const auto why = [](std::optional<std::string> type) {
    Approach sent = from_program();
    sent.method = "POST";
    sent.content_type = std::move(type);
    sent.has_body = true;
    return refuse_approach(sent, doors()).value().why;
  };
  CHECK(why("application/json-seq").find("application/json-seq") != std::string::npos);
  CHECK(why({}).find("missing") != std::string::npos);
}

TEST_CASE("the router knows the root from a path that ends with a slash") {
  const Route routes[] = {{"GET", "/"}, {"GET", "/ui/status.js"}};
  CHECK(find_route(routes, "GET", "/").route == &routes[0]);
  for (const char* path : {"", "//", "/ui/", "/ui", "/ui/status.js/"})
    CHECK(find_route(routes, "GET", path).route == nullptr);
}

TEST_CASE("the router finds routes by method and segments") {
  CHECK(route_of("GET", "/v1/spaces") == "/v1/spaces");
  CHECK(route_of("HEAD", "/v1/spaces") == "/v1/spaces");
  CHECK(route_of("GET", "/v1/spaces/no%20tes") == "/v1/spaces/{space} [no tes]");
  CHECK(route_of("PUT", "/v1/spaces/a/collections/b%2Fc/records/%C3%A4") ==
        "/v1/spaces/{space}/collections/{collection}/records/{key} [a] [b/c] [\xC3\xA4]");
  CHECK(route_of("GET", "/v1/spaces/a+b") == "/v1/spaces/{space} [a+b]");
  CHECK(route_of("DELETE", "/v1/spaces") == "allowed GET, HEAD, POST");
  for (const char* path : {"/", "/v1", "/v1/spaces/", "/v1//spaces", "/V1/spaces", "/v1/spaces/.",
                           "/v1/spaces/%2e%2e", "/v1/spaces/%", "/v1/spaces/%zz", "/v1/spaces/%00",
                           "/v1/spaces/%C0%AF", "/v1/spaces/%ED%A0%80", "/v1/spaces/a/b", ""}) {
    INFO(path);
    CHECK(route_of("GET", path) == "none");
  }
}

TEST_CASE("a query is taken apart by name, once each") {
  auto query =
      QueryText::parse("where=%7B%22a%22%3A1%7D&limit=5&flag=true&&empty=&two+words=a+%2B");
  REQUIRE(query);
  CHECK(query->text("two words") == "a +");
  CHECK(query->text("where") == "{\"a\":1}");
  CHECK(query->integer("limit", 1, 1, 10) == 5);
  CHECK(query->boolean("flag", false) == true);
  CHECK(query->integer("absent", 7, 1, 10) == 7);
  CHECK(!query->finish());
  CHECK(query->text("empty") == "");
  CHECK(query->finish());
  for (const char* text : {"a=1&a=2", "a=%", "a=%ff", "%00=1", "a=%C0%80"}) {
    INFO(text);
    const auto refused = QueryText::parse(text);
    REQUIRE(!refused);
    CHECK(refused.error().is(Code::kUsage));
  }
  auto numbers = QueryText::parse("a=11&b=-1&c=1e1&d=&e= 1&f=99999999999999999999");
  REQUIRE(numbers);
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) CHECK(!numbers->integer(name, 1, 1, 10));
}

TEST_CASE("the description has every route, and nothing else") {
  const auto document = nlohmann::json::parse(openapi_document());
  std::set<std::string> described;
  for (const auto& [path, operations] : document.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      described.insert(std::string(upper).append(" ").append(path));
      INFO(upper << " " << path);
      CHECK(operation.contains("summary"));
      CHECK(operation.at("responses").contains("default"));
    }
  }
  std::set<std::string> routes;
  for (const Route& route : api_routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.path);
    CHECK(routes.insert(name).second);
    CHECK((route.call != nullptr) != (route.upgrade != nullptr));
    CHECK((route.takes == Takes::kJsonOrLines) == (route.take != nullptr));
  }
  CHECK(routes == described);
}

TEST_CASE("what needs no token is written in the description") {
  const auto document = nlohmann::json::parse(openapi_document());
  for (const Route& route : api_routes()) {
    INFO(route.method << " " << route.path);
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto& operation = document.at("paths").at(std::string(route.path)).at(method);
    const auto asked = [&]() -> std::string {
      if (!operation.contains("security")) return "token";
      if (operation.at("security").empty()) return "";
      return operation.at("security").at(0).items().begin().key();
    }();
    const bool needs_no_token = route.need == Need::kNothing || route.need == Need::kStranger;
    const std::string wanted = route.path == "/v1/apps/requests/{id}" ? "secret"
                               : needs_no_token                       ? ""
                               : route.need == Need::kPerson          ? "session"
                                                                      : "token";
    CHECK(asked == wanted);
    CHECK(operation.contains("requestBody") == (route.takes != Takes::kNothing));
  }
}

TEST_CASE("a cursor is read back as it was written, and nothing else is one") {
  LiveCursor seen;
  CHECK(cursor_from_text(cursor_text(seen)) == seen);
  for (std::uint8_t i = 0; i < 64; ++i) {
    LogId log{};
    log.bytes[0] = i;
    seen.told[log].seq = Seq{std::uint64_t{1} << i};
    seen.begun = {{log, Seq{std::uint64_t{2} << i}}, i};
    CHECK(cursor_from_text(cursor_text(seen)) == seen);
  }
  seen.begun.reset();
  const std::string text = cursor_text(seen);
  CHECK(cursor_from_text(text) == seen);
  for (const std::string& wrong :
       {std::string(), std::string("x"), text + "AA", text.substr(1), text.substr(0, 40),
        std::string("kcQQAAAAAAAAAAAAAAAAAAAAAA"), std::string("kQE"), std::string("////")}) {
    INFO(wrong.substr(0, 40));
    const auto refused = cursor_from_text(wrong);
    REQUIRE(!refused);
    CHECK(refused.error().is(Code::kUsage));
  }
}

TEST_CASE("a mutation is who wrote, what they call it, and all that it says") {
  const crypto::SodiumHasher hasher;
  storage::LocalOp op;
  op.kind = oplog::OpKind::kAdd;
  op.collection = "c";
  op.key = "k";
  op.field = "n";
  op.amount = 1;
  const auto of = [&](const char* who, const std::string& name,
                      const std::vector<storage::LocalOp>& ops) {
    return mutation_of(who, name, ops, hasher);
  };
  const auto first = of("app", "m1", {op});
  REQUIRE(first);
  CHECK(*of("app", "m1", {op}) == *first);
  CHECK(of("other", "m1", {op})->id != first->id);
  CHECK(of("app", "m2", {op})->id != first->id);
  CHECK(of("appm", "1", {op})->id != first->id);
  CHECK(of("app", "m1", {op, op})->content != first->content);
  const auto changed = [&](auto change) {
    storage::LocalOp other = op;
    change(other);
    return of("app", "m1", {other})->content;
  };
  CHECK(changed([](auto& other) { other.amount = 2; }) != first->content);
  CHECK(changed([](auto& other) {
          other.key = "c";
          other.collection = "k";
        }) != first->content);
  CHECK(changed([](auto& other) { other.based_on = "0"; }) != first->content);
  CHECK(changed([](auto& other) { other.conditions = {{.versions = {"0"}}}; }) != first->content);
  CHECK(changed([](auto& other) { other.deep = true; }) != first->content);
  CHECK(changed([](auto& other) { other.restore = true; }) != first->content);
  CHECK(changed([](auto& other) { other.names = {"a"}; }) != first->content);
  CHECK(changed([](auto& other) { other.fields = {{"a", Bytes{1}}}; }) != first->content);
  CHECK(changed([](auto& other) { other.element = {1}; }) != first->content);
  CHECK(of("app", std::string(256, 'x'), {op}));
  CHECK(!of("app", std::string(257, 'x'), {op}));
  CHECK(!of("app", "", {op}));
}
