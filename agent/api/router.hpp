#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/api/api_call.hpp"
#include "agent/api/http_server.hpp"

namespace lanyard::agent {

struct ApiRoom;

/// What somebody must have been given to be heard.
enum class Need : std::uint8_t {
  kStranger,  ///< nothing, and pages that nobody allowed anything yet may send it too
  kNothing,   ///< nothing: programs, and pages that are known
  kToken,     ///< any token; the handler asks for the space's right itself
  kManage,    ///< one with which spaces are made, shared and left
  kPerson,    ///< a page that a person signed in, whatever it does
};

/// Bodies that a route reads.
enum class Takes : std::uint8_t {
  kNothing,
  kJson,
  kLittleJson,   ///< kJson of at most 8 KiB: from whoever
  kPatch,        ///< application/json or application/merge-patch+json, which mean the same
  kQuestion,     ///< kJson, of what changes nothing
  kJsonOrLines,  ///< application/json; or application/x-ndjson, which `take` gets piece by piece
};

/// One way into the API. Each stands in openapi.json under the same method and path.
struct Route {
  std::string_view method;
  std::string_view path;  ///< "/v1/spaces/{space}": a name stands for one segment
  Need need = Need::kToken;
  void (*call)(ApiRoom& room, ApiCall& call, const ApiReply& reply) = nullptr;
  Takes takes = Takes::kNothing;
  std::unique_ptr<BodyTaker> (*take)(ApiRoom& room, ApiCall call, const ApiReply& reply) = nullptr;
  /// It becomes a WebSocket, which says in its first message who speaks.
  std::shared_ptr<SocketTalk> (*upgrade)(ApiRoom& room, std::shared_ptr<SocketLine> line,
                                         std::optional<std::string> origin) = nullptr;
};

/// What a target means. Pure.
struct Match {
  const Route* route = nullptr;  ///< nothing: see `allowed`
  std::vector<std::string> names;
  std::string allowed;  ///< methods that this path has, as Allow says them; empty: no such path
};
/// `path`: the target without its query, still percent-encoded.
[[nodiscard]] Match find_route(std::span<const Route> routes, std::string_view method,
                               std::string_view path);

/// The route that a page may follow which nobody allowed anything yet: Need::kStranger. `method` as
/// the request has it, or will have it where the browser asks before. Pure.
[[nodiscard]] const Route* find_open_route(std::span<const Route> routes, std::string_view method,
                                           std::string_view path);

/// All routes, in the order of openapi.json.
[[nodiscard]] std::span<const Route> api_routes();

}  // namespace lanyard::agent
