#include <unistd.h>

#include "agent/cli/json_read.hpp"
#include "agent/cli/qr_code.hpp"
#include "agent/cli/session.hpp"
#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json_writer.hpp"
#include "crypto/pairing_code.hpp"

namespace lanyard::agent {
namespace {

/// How often a person sees the time that is left.
constexpr std::chrono::milliseconds kCountdownStep{1000};
/// How long a device that shows a code is looked for: its person may have to walk to it.
constexpr std::chrono::seconds kLookFor{60};

/// "482 913 057" by three, "41 70 26" by two.
std::string in_groups(const std::string& digits, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += size)
    out += (at > 0 ? " " : "") + digits.substr(at, size);
  return out;
}

/// One line of JSON for each thing that happens, so that a script can follow.
void say_event(const Output& out, const char* event, const Json& what) {
  JsonWriter json;
  json.begin_object().member("event", event).name(event).raw(what.dump()).end_object();
  out.json("pairing/1", json.str());
}

std::string device_text(const Json& device) {
  const std::string name = display_cut(device.value("name", std::string()), 40);
  return (name.empty() ? "a device" : name) + " (" + shown(device, "shortId") + ")";
}

void say_default(const Output& out, const std::string& plan, bool we_joined) {
  const bool ours_moves = plan == (we_joined ? "joiner-moves" : "host-moves");
  if (plan == "both-stay") {
    out.say(
        "    Each keeps its own space \"default\". Share one:  lanyard space share SPACE DEVICE");
  } else if (ours_moves) {
    out.say("    What is in the space \"default\" here joins what is in the other's.");
  } else {
    out.say("    The space \"default\" is shared: both have everything in it.");
  }
}

int say_paired(const Output& out, const Json& answer, bool we_joined) {
  const Json paired = answer.value("paired", Json::object());
  if (out.style().json) say_event(out, "paired", paired);
  out.say("ok  Paired with " + device_text(paired) + ", check " +
          in_groups(shown(paired, "check"), 2) + ".");
  say_default(out, shown(paired, "default"), we_joined);
  return exit_code::kOk;
}

// ---- showing a code

class Showing {
 public:
  Showing(const PairCommand& command, const Session& session)
      : command_(command), out_(session.out()) {}

  void on_progress(const Json& event) {
    if (event.contains("code")) return on_code(event["code"]);
    if (!event.contains("typed")) return;
    out_.end_progress();
    typed_ = true;
    const Json& typed = event["typed"];
    if (out_.style().json) return say_event(out_, "typed", typed);
    out_.say("The code was typed on a device with the id " + shown(typed, "shortId") +
             ".  Both screens must show:  " + in_groups(shown(typed, "check"), 2));
    out_.say("Waiting for its person to say yes...");
  }

  void count_down() {
    if (typed_ || out_.style().json || isatty(STDERR_FILENO) == 0) return;
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(until_ - std::chrono::steady_clock::now());
    const auto seconds = std::max<std::int64_t>(left.count(), 0);
    const std::string text = std::to_string(seconds % 60);
    out_.progress("Waiting... " + std::to_string(seconds / 60) + ":" +
                  (text.size() < 2 ? "0" : "") + text + " left. Ctrl-C cancels.");
  }

 private:
  void on_code(const Json& code) {
    until_ = std::chrono::steady_clock::now() +
             std::chrono::milliseconds(code.value("leftMs", std::int64_t{0}));
    if (out_.style().json) return say_event(out_, "code", code);
    out_.end_progress();
    const bool is_next = std::exchange(has_shown_, true);
    if (is_next) out_.say("\nA wrong code was tried. This is the next one:");
    const std::string words = shown(code, "words");
    const std::string digits = shown(code, "digits");
    const std::string address = own_address();
    const auto qr = qr_code(pairing_link(digits, address));
    if (command_.only_qr) {
      if (qr) out_.print(*qr);
      return;
    }
    out_.print("Pairing code   " + out_.toned(Output::Tone::kBold, words) + "      or digits  " +
               in_groups(digits, 3) + "\n");
    out_.say("Valid for 5 minutes, for one device and one guess.");
    out_.say("  On the other device:  lanyard pair " + words);
    if (!address.empty())
      out_.say("  If it finds nothing:  lanyard pair " + words + " --at " + address);
    if (qr && out_.style().terminal) out_.say("\n" + *qr);
  }

  const PairCommand& command_;
  const Output& out_;
  std::chrono::steady_clock::time_point until_;
  bool has_shown_ = false;
  bool typed_ = false;
};

Result<int> show_code(const PairCommand& command, Session& session) {
  session.attempt("Could not pair this device");
  LANYARD_TRY_SET(ControlClient client, session.connect());
  LANYARD_TRY_SET(const std::int64_t request, client.send("pair.open", "{}"));
  static_cast<void>(request);
  Showing showing(command, session);
  while (true) {
    const auto line = client.receive_within(kCountdownStep);
    if (!line) session.out().end_progress();
    if (!line) return fail(line.error());
    if (!*line) {
      showing.count_down();
      continue;
    }
    LANYARD_TRY_SET(const Json event, read_json((*line)->json));
    if ((*line)->kind == AnswerLine::Kind::kResult) {
      session.out().end_progress();
      return say_paired(session.out(), event, false);
    }
    showing.on_progress(event);
  }
}

// ---- typing a code

/// The code as it will be sent, checked here, so that a slip costs no guess.
Result<PairingLinkText> typed_code(const PairCommand& command) {
  std::string text = command.code;
  if (!command.code_file.empty()) {
    LANYARD_TRY_SET(text, text_of_file(command.code_file));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  }
  PairingLinkText link = read_pairing_link(text);
  LANYARD_TRY_SET(const auto code, crypto::PairingCode::parse(link.code));
  link.code = code.digits();
  if (!command.at.empty()) link.address = command.at;
  return link;
}

Result<bool> ask(const Json& found, const PairCommand& command, const Session& session) {
  const Output& out = session.out();
  const bool both_stay = shown(found, "default") == "both-stay";
  if (out.style().json) say_event(out, "found", found);
  out.say("Found " + device_text(found) + " at " + shown(found, "address") + ", code accepted.");
  out.say("Both screens must show:  " + in_groups(shown(found, "check"), 2));
  if (both_stay) {
    out.say(
        "Both share a space \"default\" with other devices already, and these stay two: each "
        "keeps its own.");
  }
  const std::string question = "Pair with " + device_text(found) + "?";
  LANYARD_TRY(
      session.confirm(question, "Pairing gives the device everything in \"default\"", command.yes));
  return both_stay && !command.yes ? true : command.keep_both;
}

void say_looking(const Output& out, const Json& looking) {
  if (out.style().json) return say_event(out, "looking", looking);
  const std::int64_t seconds = looking.value("withinMs", std::int64_t{0}) / 1000;
  out.say("No device near by shows a code yet. Looking for one for " + std::to_string(seconds) +
          " s; Ctrl-C stops. On the other device:  lanyard pair");
}

Result<int> type_code(const PairCommand& command, Session& session) {
  session.attempt("Could not pair with the other device");
  LANYARD_TRY_SET(const PairingLinkText typed, typed_code(command));
  // Asked for before the code is spent.
  if (!command.yes && !is_on_terminal())
    return fail(Code::kUsage, "nobody can be asked whether it is the right device",
                "If you want to pair without a question, add --yes.");
  LANYARD_TRY_SET(ControlClient client, session.connect());
  JsonWriter params;
  params.begin_object().member("code", typed.code);
  if (!typed.address.empty()) params.member("at", typed.address);
  params.member("lookForMs", std::chrono::milliseconds(kLookFor).count()).end_object();
  LANYARD_TRY_SET(const std::int64_t join, client.send("pair.join", params.str()));
  while (true) {
    LANYARD_TRY_SET(const AnswerLine line, client.receive());
    LANYARD_TRY_SET(const Json event, read_json(line.json));
    if (line.id != join) continue;  // that our answer was taken
    if (line.kind == AnswerLine::Kind::kResult) return say_paired(session.out(), event, true);
    if (event.contains("looking")) say_looking(session.out(), event["looking"]);
    if (!event.contains("found")) continue;
    LANYARD_TRY_SET(const bool keep_both, ask(event["found"], command, session));
    JsonWriter answer;
    answer.begin_object().member("yes", true).member("keepBoth", keep_both).end_object();
    LANYARD_TRY_SET(const std::int64_t sent, client.send("pair.answer", answer.str()));
    static_cast<void>(sent);
  }
}

}  // namespace

Result<int> run(const PairCommand& command, Session& session) {
  const bool types = !command.code.empty() || !command.code_file.empty();
  return types ? type_code(command, session) : show_code(command, session);
}

}  // namespace lanyard::agent
