#include "agent/api/live_frames.hpp"

#include "agent/display_text.hpp"
#include "agent/errors.hpp"
#include "agent/json/json_views.hpp"

namespace lanyard::agent {

JsonWriter begin_frame(std::string_view type, std::string_view id, std::string_view cursor) {
  JsonWriter out;
  out.begin_object().member("type", type);
  const auto text_or_null = [&](std::string_view name, std::string_view text) {
    out.name(name);
    text.empty() ? out.null() : out.text(text);
  };
  text_or_null("id", id);
  text_or_null("cursor", cursor);
  return out;
}

std::string error_frame(std::string_view id, const Error& error) {
  const Problem problem = problem_of(error);
  JsonWriter out = begin_frame("error", id, "");
  out.member("title", problem.title).member("code", problem.id);
  out.member("why", display_text(problem.why)).member("fix", display_text(problem.fix));
  return out.end_object().take();
}

std::string change_frame(std::string_view id, std::string_view cursor,
                         const storage::ReadRecord& record) {
  JsonWriter out = begin_frame("change", id, cursor);
  out.member("collection", utf8_or_escaped(record.collection)).name("record");
  write_record(record, out);
  return out.end_object().take();
}

}  // namespace lanyard::agent
