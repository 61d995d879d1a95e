#include "agent/api/upgrade_request.hpp"

#include "agent/ascii_text.hpp"

namespace lanyard::agent {
namespace {

/// Whether a header's list has a word, in any case.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (is_same_text(trimmed(list.substr(0, comma)), word)) return true;
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

}  // namespace

Approach approach_of(const HeadView& head) {
  Approach out;
  out.method = std::string(head.method);
  out.host = head.text("Host").value_or("");
  out.origin = head.text("Origin");
  out.fetch_site = head.text("Sec-Fetch-Site");
  out.content_type = head.text("Content-Type");
  out.content_coding = head.text("Content-Encoding");
  out.has_body = head.has_body;
  out.is_for_worker =
      head.field("Service-Worker").has_value() || head.field("Sec-Fetch-Dest") == "serviceworker";
  return out;
}

std::string_view bearer_of(const HeadView& head) {
  constexpr std::string_view kScheme = "bearer ";  // in any case (RFC 9110, 11.1)
  const std::string_view said = head.field("Authorization").value_or("");
  if (!is_same_text(said.substr(0, kScheme.size()), kScheme)) return {};
  return trimmed(said.substr(kScheme.size()));
}

std::optional<UpgradeRefusal> refuse_upgrade(const HeadView& head) {
  const auto is = [&](std::string_view name, std::string_view word) {
    return has_word(head.field(name).value_or(""), word);
  };
  if (!is("Upgrade", "websocket") || !is("Connection", "upgrade"))
    return UpgradeRefusal{
        426, "the request does not ask for one", "Connect with ws://.", {"Upgrade", "websocket"}};
  const auto key = head.field("Sec-WebSocket-Key");
  if (!is("Sec-WebSocket-Version", "13") || !key || key->size() != 24 || !key->ends_with("=="))
    return UpgradeRefusal{
        400, "its version or key is not as RFC 6455 has it", "", {"Sec-WebSocket-Version", "13"}};
  return std::nullopt;
}

}  // namespace lanyard::agent
