#include <array>

#include "agent/control/methods.hpp"
#include "agent/json/json_views.hpp"
#include "replication/types/device_id_text.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::agent {
namespace {

/// As long as a code may be shown.
constexpr std::chrono::milliseconds kLookForMax = limits::kPairWindow;

const char* name_of(DefaultPlan plan) {
  switch (plan) {
    case DefaultPlan::kSame: return "same";
    case DefaultPlan::kJoinerMoves: return "joiner-moves";
    case DefaultPlan::kHostMoves: return "host-moves";
    case DefaultPlan::kBothStay: return "both-stay";
  }
  return "";
}

void write_ids(const DeviceId& device, JsonWriter& out) {
  out.member("id", to_text(device)).member("shortId", to_short_text(device));
}

std::string code_json(const CodeShown& shown) {
  JsonWriter out;
  out.begin_object().name("code").begin_object();
  out.member("words", shown.code.words()).member("digits", shown.code.digits());
  out.member("leftMs", shown.left.count()).member("codesLeft", shown.codes_left);
  return out.end_object().end_object().take();
}

std::string typed_json(const CodeTyped& typed) {
  JsonWriter out;
  out.begin_object().name("typed").begin_object();
  write_ids(typed.device, out);
  return out.member("check", typed.check).end_object().end_object().take();
}

std::string paired_json(const char* event, const Paired& paired) {
  JsonWriter out;
  out.begin_object().name(event).begin_object();
  write_ids(paired.device, out);
  out.member("name", utf8_or_escaped(paired.name)).member("address", paired.address);
  out.member("check", paired.check).member("default", name_of(paired.plan));
  return out.end_object().end_object().take();
}

Done<Paired> answer_paired(const Reply& reply) {
  return [reply](const Result<Paired>& paired) {
    reply.answer(paired, [](const Paired& done) { return paired_json("paired", done); });
  };
}

void pair_open(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    reply.on_closed([&room] { room.pairing.close(); });
    room.pairing.open([reply](const CodeShown& shown) { reply.progress(code_json(shown)); },
                      [reply](const CodeTyped& typed) { reply.progress(typed_json(typed)); },
                      answer_paired(reply));
    return {};
  });
}

void pair_close(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY(in.finish());
    room.pairing.close();
    reply.result("{}");
    return {};
  });
}

void pair_join(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    PairingService::Wish wish;
    LANYARD_TRY_SET(wish.code, in.text("code"));
    LANYARD_TRY_SET(const auto at, in.optional_text("at"));
    LANYARD_TRY_SET(const auto look_for, in.integer("lookForMs", 0, 0, kLookForMax.count()));
    LANYARD_TRY(in.finish());
    wish.at = at.value_or("");
    wish.look_for = std::chrono::milliseconds(look_for);
    reply.on_closed([&room] { room.pairing.answer(false, false); });
    room.pairing.join(
        wish,
        [reply](std::chrono::milliseconds within) {
          reply.progress(JsonWriter()
                             .begin_object()
                             .name("looking")
                             .begin_object()
                             .member("withinMs", within.count())
                             .end_object()
                             .end_object()
                             .take());
        },
        [&room, reply](const Paired& found) {
          // Nobody is left to be asked.
          if (!reply.is_open()) return room.pairing.answer(false, false);
          reply.progress(paired_json("found", found));
        },
        answer_paired(reply));
    return {};
  });
}

void pair_answer(ControlRoom& room, Params& params, const Reply& reply) {
  with_params(params, reply, [&](Params& in) -> Status {
    LANYARD_TRY_SET(const bool yes, in.boolean("yes", false));
    LANYARD_TRY_SET(const bool keep_both, in.boolean("keepBoth", false));
    LANYARD_TRY(in.finish());
    room.pairing.answer(yes, keep_both);
    reply.result("{}");
    return {};
  });
}

constexpr std::array kPairingMethods = std::to_array<ControlMethod>({
    {"pair.open", pair_open},
    {"pair.close", pair_close},
    {"pair.join", pair_join},
    {"pair.answer", pair_answer},
});

}  // namespace

std::span<const ControlMethod> pairing_methods() { return kPairingMethods; }

}  // namespace lanyard::agent
