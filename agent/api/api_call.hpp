#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/api/entity_tags.hpp"
#include "agent/errors.hpp"
#include "agent/socket_owner.hpp"

namespace lanyard::agent {

/// An HTTP answer that is sent as a whole; or the head of one that comes in pieces.
struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;  ///< beside those that every answer has
  std::string problem = {};                                 ///< the code of an error, as LY-D004
};

/// The part of a target behind its question mark (`name=value&...`, encoded as forms are: UTF-8,
/// "+" for a space). Each name is asked for once; one that nobody asked for is kUsage at the end.
class QueryText {
 public:
  QueryText() = default;
  /// kUsage for what is not good UTF-8 once decoded, and for a name that stands there twice.
  [[nodiscard]] static Result<QueryText> parse(std::string_view text);

  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] Result<std::int64_t> integer(std::string_view name, std::int64_t otherwise,
                                             std::int64_t min, std::int64_t max);
  [[nodiscard]] Result<bool> boolean(std::string_view name, bool otherwise);
  [[nodiscard]] Status finish() const;

 private:
  struct Member {
    std::string name;
    std::string value;
    bool was_asked_for = false;
  };
  std::vector<Member> members_;
};

class Standing;

/// One request, as the handler of its route sees it.
struct ApiCall {
  std::vector<std::string> names;  ///< what stands for the route's {names}, in their order, decoded
  QueryText query;
  std::optional<TagCondition> if_match;
  std::optional<TagCondition> if_none_match;
  std::string content_type;            ///< without parameters, in small letters
  std::string accept;                  ///< as it was sent
  std::optional<std::string> origin;   ///< of the page, as the browser says
  std::string bearer;                  ///< what Authorization brings; empty: nothing
  bool is_head = false;                ///< only the answer's head is wanted
  std::string body;                    ///< empty where the route takes it in pieces
  Access access;                       ///< as it was when the head came
  SocketOwner owner = {};              ///< of a stranger's connection; else nothing is known
  std::shared_ptr<Standing> standing;  ///< what is left of it now; nothing where none is needed
};

/// Where the answer to one request goes. Belongs to the api thread.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void send(HttpAnswer answer) = 0;
  /// Begins an answer of which nobody knows yet how long it is.
  virtual void begin(HttpAnswer head) = 0;
  /// The next piece of its body. `taken` is called once it is on its way: false if the client has
  /// left. No other piece before that.
  virtual void piece(std::string bytes, std::function<void(bool is_open)> taken) = 0;
  virtual void end() = 0;
  /// The rest cannot be had: the connection ends, so that the client sees that there is no end.
  virtual void break_off() = 0;
  /// Whether a process still has the other end, as the system says. True where it does not say.
  [[nodiscard]] virtual bool is_there() const { return true; }
};

/// An answer that comes in pieces. Copies speak for the same one; if the last one goes away before
/// end(), it is broken off.
class AnswerStream {
 public:
  explicit AnswerStream(std::weak_ptr<AnswerSink> sink);
  /// As AnswerSink has it.
  void piece(std::string bytes, std::function<void(bool is_open)> taken) const;
  void end() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The answer to one request. Copies speak for the same request; the last one that goes away
/// unanswered answers that the agent gave it up. Once the client left its calls do nothing.
class ApiReply {
 public:
  /// `kept`: what lasts as long as somebody may still answer.
  explicit ApiReply(std::weak_ptr<AnswerSink> sink, std::shared_ptr<void> kept = nullptr);

  void send(HttpAnswer answer) const;
  /// Whether somebody is there to read it, as AnswerSink says.
  [[nodiscard]] bool is_there() const;
  void json(std::string body, int status = 200) const;
  void error(const Error& error) const;
  [[nodiscard]] AnswerStream begin(HttpAnswer head) const;
  /// The result, or the error.
  template <class T, class ToJson>
  void answer(const Result<T>& outcome, ToJson to_json) const {
    outcome ? json(to_json(*outcome)) : error(outcome.error());
  }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// application/problem+json (RFC 9457): type, title, status, code, why, fix.
[[nodiscard]] HttpAnswer problem_answer(int status, const Problem& problem);
[[nodiscard]] HttpAnswer problem_answer(const Error& error);
/// Has the browser remove whatever it keeps for the origin: service workers, databases, caches
/// (Clear Site Data, 3.1). Pages of this agent keep nothing there.
[[nodiscard]] std::pair<std::string, std::string> cleared_storage();
/// The HTTP status that says it best.
[[nodiscard]] int status_of(const Error& error);

/// A part of a path, percent-decoded (RFC 3986); nothing for a bad escape, a NUL, or what is not
/// UTF-8.
[[nodiscard]] std::optional<std::string> decoded(std::string_view text);

}  // namespace lanyard::agent
