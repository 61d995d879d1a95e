#include <array>

#include "agent/api/handlers.hpp"
#include "agent/api/page.hpp"

/// The plain page of this agent: four files that hold nothing of anybody's data.
namespace lanyard::agent {
namespace {

/// Runs and shows what comes from here, speaks to here, and stands in no other page.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

HttpAnswer file_answer(const char* type, std::string_view body) {
  return {
      200,
      type,
      std::string(body),
      {{"Content-Security-Policy", kPagePolicy}, {"Cross-Origin-Opener-Policy", "same-origin"}}};
}

void answer_file(ApiCall& call, const ApiReply& reply, const char* type, std::string_view body) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    reply.send(file_answer(type, body));
    return {};
  });
}

/// What somebody who had this port before us has left in the browser goes with it.
void get_page(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  with_query(call, reply, [&](QueryText& query) -> Status {
    LANYARD_TRY(query.finish());
    HttpAnswer answer = file_answer("text/html; charset=utf-8", status_html());
    answer.fields.push_back(cleared_storage());
    reply.send(std::move(answer));
    return {};
  });
}

void get_script(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  answer_file(call, reply, "text/javascript; charset=utf-8", status_js());
}

void get_style(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  answer_file(call, reply, "text/css; charset=utf-8", status_css());
}

/// Browsers ask for it at both addresses.
void get_icon(ApiRoom& /*room*/, ApiCall& call, const ApiReply& reply) {
  answer_file(call, reply, "image/svg+xml", icon_svg());
}

constexpr std::array kPageRoutes = std::to_array<Route>({
    {"GET", "/", Need::kNothing, get_page},
    {"GET", "/ui/status.js", Need::kNothing, get_script},
    {"GET", "/ui/status.css", Need::kNothing, get_style},
    {"GET", "/ui/icon.svg", Need::kNothing, get_icon},
    {"GET", "/favicon.ico", Need::kNothing, get_icon},
});

}  // namespace

std::span<const Route> page_routes() { return kPageRoutes; }

}  // namespace lanyard::agent
