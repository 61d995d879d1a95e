#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/app_json.hpp"

/// What a person answers to apps that ask for access, and signing the person's own page in
/// (docs/CONTROL.md). What is asked waits on the api thread.
namespace lanyard::agent {
namespace {

using Granted = AppService::Granted;
using Requests = std::vector<AppRequest>;

void apps_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    ask_reception<Requests>(
        room.host, room.to_reception,
        [](Reception& there, const Done<Requests>& done) { done(there.apps.waiting()); },
        [reply](const Result<Requests>& found) { reply.answer(found, requests_json); });
    return {};
  });
}

void apps_allow(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string id, in.text("request"));
    LANYARD_TRY_SET(const Narrowing narrowing, read_narrowing(in));
    ask_reception<Granted>(
        room.host, room.to_reception,
        [id, narrowing](Reception& there, const Done<Granted>& done) {
          there.apps.allow(id, narrowing, done);
        },
        [reply](const Result<Granted>& granted) { reply.answer(granted, granted_json); });
    return {};
  });
}

void apps_deny(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const std::string id, in.text("request"));
    LANYARD_TRY(in.finish());
    ask_reception<AppRequest>(
        room.host, room.to_reception,
        [id](Reception& there, const Done<AppRequest>& done) { done(there.apps.refuse(id)); },
        [reply](const Result<AppRequest>& refused) { reply.answer(refused, refused_json); });
    return {};
  });
}

void ui_open(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    ask_reception<std::string>(
        room.host, room.to_reception,
        [port = room.api_port](Reception& there, const Done<std::string>& done) {
          done(there.sign_in.invite(port));
        },
        [reply](const Result<std::string>& invited) {
          reply.answer(invited, [&](const std::string& url) {
            JsonWriter out;
            out.begin_object().member("url", url);
            out.member("leftMs", std::chrono::milliseconds(kSignInWithin).count());
            return out.end_object().take();
          });
        });
    return {};
  });
}

constexpr std::array kAppMethods = std::to_array<ControlMethod>({
    {"apps.list", apps_list},
    {"apps.allow", apps_allow},
    {"apps.deny", apps_deny},
    {"ui.open", ui_open},
});

}  // namespace

std::span<const ControlMethod> app_methods() { return kAppMethods; }

}  // namespace lanyard::agent
