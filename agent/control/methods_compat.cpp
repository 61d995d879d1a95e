#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_views.hpp"

/// Compatibility listeners: whose clients may speak to this agent without a token (docs/COMPAT.md).
namespace lanyard::agent {
namespace {

using Listeners = std::vector<CompatView>;

void write_listener(const CompatView& view, JsonWriter& out) {
  out.begin_object().member("kind", view.listener.kind);
  out.member("enabled", view.listener.is_enabled).member("serving", view.is_serving);
  out.name("ports").begin_array();
  for (const std::uint16_t port : view.ports) out.number(port);
  out.end_array().member("space", utf8_or_escaped(view.space_name));
  out.texts("origins", view.listener.origins);
  out.texts("keptLocal", view.listener.kept_local);
  out.member("problem", utf8_or_escaped(view.problem)).end_object();
}

std::string listener_json(const CompatView& view) {
  JsonWriter out;
  out.begin_object().name("listener");
  write_listener(view, out);
  return out.end_object().take();
}

/// Answers of the api thread come back to the thread of the control socket.
template <class T>
Done<T> brought_back(const ControlRoom& room, std::function<void(const Result<T>&)> answer) {
  return [post = room.host.post, answer = std::move(answer)](const Result<T>& result) {
    post([answer, result] { answer(result); });
  };
}

Result<CompatWish> read_compat_wish(Params& in) {
  CompatWish wish;
  LANYARD_TRY_SET(wish.kind, in.text("kind"));
  LANYARD_TRY_SET(const std::int64_t port, in.integer("port", 0, 1, 65535));
  wish.port = static_cast<std::uint16_t>(port);
  LANYARD_TRY_SET(const auto space, in.optional_text("space"));
  wish.space = space.value_or("");
  if (in.optional_json("origins")) {
    LANYARD_TRY_SET(wish.origins, in.texts("origins"));
  }
  if (in.optional_json("keptLocal")) {
    LANYARD_TRY_SET(wish.kept_local, in.texts("keptLocal"));
  }
  LANYARD_TRY(in.finish());
  return wish;
}

void compat_enable(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(CompatWish wish, read_compat_wish(in));
    room.compat.enable(std::move(wish),
                       brought_back<CompatView>(room, [reply](const Result<CompatView>& view) {
                         reply.answer(view, listener_json);
                       }));
    return {};
  });
}

void compat_disable(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(std::string kind, in.text("kind"));
    LANYARD_TRY(in.finish());
    room.compat.disable(std::move(kind),
                        brought_back<CompatView>(room, [reply](const Result<CompatView>& view) {
                          reply.answer(view, listener_json);
                        }));
    return {};
  });
}

void compat_list(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.compat.list(brought_back<Listeners>(room, [reply](const Result<Listeners>& listeners) {
      reply.answer(listeners, [](const Listeners& found) {
        JsonWriter out;
        out.begin_object().name("listeners").begin_array();
        for (const CompatView& each : found) write_listener(each, out);
        return out.end_array().end_object().take();
      });
    }));
    return {};
  });
}

std::string kept_json(const CompatKept& kept) {
  JsonWriter out;
  out.begin_object().name("kept").begin_array();
  for (const storage::KeptPlace& each : kept.places) {
    out.begin_object().member("space", to_text(each.thing.space));
    out.member("collection", each.thing.collection).member("key", each.thing.key);
    out.name("member").raw(each.member).end_object();
  }
  return out.end_array().member("more", kept.more).end_object().take();
}

void compat_kept(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.compat.kept(brought_back<CompatKept>(
        room, [reply](const Result<CompatKept>& kept) { reply.answer(kept, kept_json); }));
    return {};
  });
}

constexpr std::array kCompatMethods = std::to_array<ControlMethod>({
    {"compat.enable", compat_enable},
    {"compat.disable", compat_disable},
    {"compat.list", compat_list},
    {"compat.kept", compat_kept},
});

}  // namespace

std::span<const ControlMethod> compat_methods() { return kCompatMethods; }

}  // namespace lanyard::agent
