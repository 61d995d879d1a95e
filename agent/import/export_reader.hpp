#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "replication/types/result.hpp"

/// RangerPlex's export, version 2.x (docs/IMPORT.md):
///   {version, exportedAt, chats: [{id, title, model, messages: [{id, ...}], ...}], settings: {}}
/// as records. Nothing of a chat, message or setting is left out but the empty shell `messages`.
namespace lanyard::agent {

struct ImportRecord {
  std::string_view collection;  ///< "chats", "messages", "settings" or "notes"
  std::string key;
  std::string json;  ///< an object that from_json() takes
  std::string path;  ///< where it stood: "chats[3].messages[2]"
};

/// What a file holds.
struct ImportCounts {
  std::string version;
  std::uint64_t chats = 0;
  std::uint64_t messages = 0;
  std::uint64_t settings = 0;
  std::uint64_t notes = 0;
  std::vector<std::string> ignored;  ///< other members of the export, at most 20
  [[nodiscard]] std::uint64_t records() const { return chats + messages + settings + notes; }
};

/// An error ends the reading.
using RecordSink = std::function<Status(const ImportRecord&)>;

/// Most bytes of one record's JSON: it has to fit into a line of the control socket.
inline constexpr std::size_t kImportRecordBytesMax = 6U << 20U;

/// Reads a whole export in bounded memory. Messages come before their chat. kMalformed with line
/// and column for what is not JSON, and with a path for what is not of this shape; kTooLarge,
/// kNewerVersion likewise. Does not notice ids that occur twice: see ExportFile. `is_broken` is
/// asked at each event: true ends the reading with any error.
[[nodiscard]] Result<ImportCounts> read_export(std::istream& in, const RecordSink& sink,
                                               const std::function<bool()>& is_broken);

}  // namespace lanyard::agent
