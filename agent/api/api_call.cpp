#include "agent/api/api_call.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "agent/display_text.hpp"
#include "agent/json_writer.hpp"
#include "replication/types/utf8.hpp"

namespace lanyard::agent {
namespace {

tl::unexpected<Error> wrong_parameter(std::string_view name, const std::string& what) {
  return fail(Code::kUsage, "the parameter \"" + display_cut(name, 60) + "\" " + what);
}

/// As forms are encoded (URL Standard, 5.1), and whoever makes a query makes it like one: "+" is a
/// space, and "%2B" a plus.
std::optional<std::string> form_decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return decoded(spaced);
}

}  // namespace

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    const auto byte = from_hex(digits);
    if (digits.size() != 2 || !byte) return std::nullopt;
    out += static_cast<char>(byte->front());
    at += 2;
  }
  const bool is_good = is_utf8(as_bytes(out)) && out.find('\0') == std::string::npos;
  return is_good ? std::optional(std::move(out)) : std::nullopt;
}

// ---- QueryText

Result<QueryText> QueryText::parse(std::string_view text) {
  QueryText out;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view member = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    const auto name = form_decoded(member.substr(0, equals));
    const auto value = form_decoded(equals == std::string_view::npos ? std::string_view()
                                                                     : member.substr(equals + 1));
    if (!name || !value) return fail(Code::kUsage, "the target's query is not good UTF-8");
    for (const Member& each : out.members_)
      if (each.name == *name) return wrong_parameter(*name, "stands there twice");
    out.members_.push_back({*name, *value});
  }
  return out;
}

std::optional<std::string> QueryText::text(std::string_view name) {
  for (Member& each : members_) {
    if (each.name != name) continue;
    each.was_asked_for = true;
    return each.value;
  }
  return std::nullopt;
}

Result<std::int64_t> QueryText::integer(std::string_view name, std::int64_t otherwise,
                                        std::int64_t min, std::int64_t max) {
  const auto given = text(name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const char* const end = given->data() + given->size();
  const auto read = std::from_chars(given->data(), end, value);
  if (read.ec != std::errc() || read.ptr != end || value < min || value > max)
    return wrong_parameter(
        name, "wants a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return value;
}

Result<bool> QueryText::boolean(std::string_view name, bool otherwise) {
  const auto given = text(name);
  if (!given) return otherwise;
  if (*given == "true" || *given == "1") return true;
  if (*given == "false" || *given == "0") return false;
  return wrong_parameter(name, "wants true or false");
}

Status QueryText::finish() const {
  for (const Member& each : members_)
    if (!each.was_asked_for)
      return wrong_parameter(each.name, "is not known here; /v1/openapi.json lists them");
  return {};
}

// ---- problems

int status_of(const Error& error) {
  if (error.code.category() != lanyard_category()) return 503;
  switch (static_cast<Code>(error.code.value())) {
    case Code::kUsage:
    case Code::kMalformed: return 400;
    case Code::kNoToken:
    case Code::kUnauthenticated: return 401;
    case Code::kNotAllowed:
    case Code::kNotAdmitted:
    case Code::kForgotten: return 403;
    case Code::kNotFound: return 404;
    case Code::kExists:
    case Code::kConflict: return 409;
    case Code::kTooLarge: return 413;
    case Code::kBusy: return 429;
    case Code::kUnreachable: return 504;
    case Code::kDiskFull: return 507;
    default: return 503;
  }
}

HttpAnswer problem_answer(int status, const Problem& problem) {
  JsonWriter out;
  out.begin_object().member("type", "about:blank").member("title", problem.title);
  out.member("status", status).member("code", problem.id);
  out.member("why", display_text(problem.why)).member("fix", display_text(problem.fix));
  return {status, "application/problem+json", out.end_object().take(), {}, problem.id};
}

std::pair<std::string, std::string> cleared_storage() {
  return {"Clear-Site-Data", R"("cache", "storage")"};
}

HttpAnswer problem_answer(const Error& error) {
  return problem_answer(status_of(error), problem_of(error));
}

// ---- ApiReply

struct ApiReply::State {
  std::weak_ptr<AnswerSink> sink;
  std::shared_ptr<void> kept;
  bool answered = false;

  State(std::weak_ptr<AnswerSink> to, std::shared_ptr<void> keep)
      : sink(std::move(to)), kept(std::move(keep)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!answered) send(problem_answer(Error(Code::kInterrupted, "the agent gave the request up")));
  }

  void send(HttpAnswer answer) {
    // The sink is looked at only while there is something to say: who answered before may go away
    // where nobody may touch it.
    if (std::exchange(answered, true)) return;
    if (const auto to = sink.lock()) to->send(std::move(answer));
  }
};

struct AnswerStream::State {
  std::weak_ptr<AnswerSink> sink;
  bool has_ended = false;

  explicit State(std::weak_ptr<AnswerSink> to) : sink(std::move(to)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (has_ended) return;
    if (const auto to = sink.lock()) to->break_off();
  }
};

ApiReply::ApiReply(std::weak_ptr<AnswerSink> sink, std::shared_ptr<void> kept)
    : state_(std::make_shared<State>(std::move(sink), std::move(kept))) {}

void ApiReply::send(HttpAnswer answer) const { state_->send(std::move(answer)); }

bool ApiReply::is_there() const {
  const auto to = state_->sink.lock();
  return to && to->is_there();
}

void ApiReply::json(std::string body, int status) const {
  state_->send({status, "application/json", std::move(body), {}});
}

AnswerStream ApiReply::begin(HttpAnswer head) const {
  const auto to = state_->sink.lock();
  const bool is_open = !std::exchange(state_->answered, true) && to != nullptr;
  if (is_open) to->begin(std::move(head));
  return AnswerStream(is_open ? state_->sink : std::weak_ptr<AnswerSink>());
}

void ApiReply::error(const Error& error) const { state_->send(problem_answer(error)); }

// ---- AnswerStream

AnswerStream::AnswerStream(std::weak_ptr<AnswerSink> sink)
    : state_(std::make_shared<State>(std::move(sink))) {}

void AnswerStream::piece(std::string bytes, std::function<void(bool is_open)> taken) const {
  const auto to = state_->sink.lock();
  to ? to->piece(std::move(bytes), std::move(taken)) : taken(false);
}

void AnswerStream::end() const {
  const auto to = state_->sink.lock();
  if (std::exchange(state_->has_ended, true) || !to) return;
  to->end();
}

}  // namespace lanyard::agent
