#pragma once

#include <string>
#include <vector>

#include "agent/api/http_server.hpp"
#include "agent/service/space_directory.hpp"

/// Who may speak to a compatibility listener, and how it says no. Most of their clients bring no
/// token: what keeps other pages out is where a request comes from.
namespace lanyard::agent {

/// What one port of a listener knows of those who come.
struct CompatGate {
  std::uint16_t port = 0;
  std::vector<std::string> origins;  ///< of pages that were allowed when it was switched on
};

/// {"error": why}, as those clients expect it.
[[nodiscard]] HttpAnswer compat_error(int status, std::string_view why);
/// The same for an error of ours, with the status that says it best.
[[nodiscard]] HttpAnswer compat_error(const Error& error);

/// Lets a request pass to `serve`, or refuses it with 403: a Host that is no name of this machine
/// with this port, an Origin that is not on the list, and what a browser says that another site
/// sends unasked. 415 for a body that is not JSON. Answers preflights with 204. Programs, which
/// send no Origin, pass. Answers to a page name its origin, never `*`.
[[nodiscard]] HeadOrder pass_gate(const HeadView& head, const CompatGate& gate,
                                  const std::function<HeadOrder()>& serve);

/// The space of this name for `go`, or its error for the client.
void with_space(SpaceDirectory& directory, const std::string& name, const ApiReply& reply,
                const std::function<void(const SpaceId& space)>& go);

/// By what a client is known again: the listener, its page's origin and its program's name.
[[nodiscard]] std::string compat_client(std::string_view kind, const HeadView& head);

}  // namespace lanyard::agent
