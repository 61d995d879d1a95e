#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "replication/types/ids.hpp"
#include "replication/types/vector_clock.hpp"
#include "storage/sqlite.hpp"

/// compat.sqlite: which compatibility listeners are on, and what their clients have seen
/// (docs/COMPAT.md). Belongs to the api thread. The schema says what each row means.
namespace lanyard::storage {

/// A listener as it was switched on.
struct CompatListener {
  std::string kind;
  std::uint16_t port = 0;         ///< 0: the ports of the original
  std::string space = "default";  ///< that name, or an id
  bool is_enabled = false;
  std::vector<std::string> origins;     ///< sorted
  std::vector<std::string> kept_local;  ///< sorted
  friend bool operator==(const CompatListener&, const CompatListener&) = default;
};

/// One record of one space.
struct CompatThing {
  SpaceId space;
  std::string collection;
  std::string key;
};

using ContentHash = FixedBytes<struct ContentHashTag, 16>;

/// A member of a record, and what its value was.
struct SeenMember {
  std::string name;
  ContentHash hash;
  friend auto operator<=>(const SeenMember&, const SeenMember&) = default;
};

/// What a record was when a client read or wrote it.
struct SeenVersion {
  std::int64_t number = 0;  ///< of the row; 0: not stored
  ContentHash content;
  std::string version;  ///< as a read or write returned it
  std::optional<std::int64_t> updated_at;
  std::vector<SeenMember> members;  ///< by name
};

/// A record by its collection and key.
using PartName = std::pair<std::string, std::string>;

/// A whole (a chat with its messages, a setting with its notes) as a page may have it in front of
/// it: what it was given, or posted, last.
struct PageState {
  struct Part {
    std::int64_t seen = 0;  ///< SeenVersion::number
    ContentHash content;
  };
  std::int64_t number = 0;
  std::int64_t copies = 1;                 ///< how many pages may have it
  bool was_left = false;                   ///< a page may have gone on from it
  std::optional<std::int64_t> updated_at;  ///< of the whole's own record
  std::map<PartName, Part> parts;
};

/// A record of a whole, and what it was.
struct StatePart {
  CompatThing thing;
  std::string parent;
  SeenVersion version;
};

/// A member that stays on this device.
struct KeptMember {
  std::string member;
  std::string json;
  friend bool operator==(const KeptMember&, const KeptMember&) = default;
};

/// Where one is that stays here, without what it is.
struct KeptPlace {
  CompatThing thing;
  std::string member;
};

class CompatStore {
 public:
  /// Makes the file where there is none. kNewerVersion, kCorrupt, kReadOnly, kDiskFull,
  /// kInputOutput.
  [[nodiscard]] static Result<CompatStore> open(const std::filesystem::path& file);

  // ---- listeners. Durable.
  /// By kind; those that are off too.
  [[nodiscard]] Result<std::vector<CompatListener>> listeners();
  [[nodiscard]] Status put_listener(const CompatListener& listener);

  // ---- what clients believe. Not synced: a power cut may take the last of it.
  /// What the client read or wrote last; nothing: nobody knows.
  [[nodiscard]] Result<std::optional<SeenVersion>> believed(const std::string& client,
                                                            const CompatThing& thing);
  /// The newest with that content, whoever saw it.
  [[nodiscard]] Result<std::optional<SeenVersion>> seen_content(const CompatThing& thing,
                                                                const ContentHash& content);
  /// The newest that had that updatedAt.
  [[nodiscard]] Result<std::optional<SeenVersion>> seen_at(const CompatThing& thing,
                                                           std::int64_t updated_at);
  /// What a record was seen in; nothing if it was never seen.
  [[nodiscard]] Result<std::optional<std::string>> parent_of(const CompatThing& thing);
  /// From now on the client believes this. `version.number` 0: a version that is stored first,
  /// unless it is there.
  [[nodiscard]] Status believes(const std::string& client, const CompatThing& thing,
                                const std::string& parent, const SeenVersion& version,
                                std::int64_t now_ms);
  /// The client knows of no such record any more.
  [[nodiscard]] Status forgets(const std::string& client, const CompatThing& thing);

  // ---- what pages have in front of them (compat_states.cpp). Not synced: who is not remembered
  // deletes nothing by leaving it out.
  /// In which states of the whole pages of the client may be, by their numbers.
  [[nodiscard]] Result<std::vector<PageState>> page_states(const std::string& client,
                                                           const CompatThing& whole);
  /// A page of the client has this from now on. Of a client and whole the 32 states that were heard
  /// of last are kept.
  [[nodiscard]] Status put_state(const std::string& client, const CompatThing& whole,
                                 const std::vector<StatePart>& parts, std::int64_t now_ms);
  /// A page has gone on from the state, or, if it is not sure, may have.
  [[nodiscard]] Status leave_state(const PageState& state, bool is_sure);
  /// A page that has it was heard.
  [[nodiscard]] Status hear_state(std::int64_t number, std::int64_t now_ms);
  /// The version of that number.
  [[nodiscard]] Result<std::optional<SeenVersion>> seen(std::int64_t number);

  // ---- answers to clients (compat_pulls.cpp). Not synced: who is not remembered is told more.
  /// The client was told of everything up to `clock`, or is older than that.
  [[nodiscard]] Status note_pull(const std::string& client, const SpaceId& space,
                                 std::int64_t at_ms, const VectorClock& clock);
  /// The clock of its newest answer at that time or before; nothing: none is known.
  [[nodiscard]] Result<std::optional<VectorClock>> pull_before(const std::string& client,
                                                               const SpaceId& space,
                                                               std::int64_t at_ms);

  // ---- members that stay here
  [[nodiscard]] Result<std::vector<KeptMember>> kept(const CompatThing& thing);
  /// Keys of a collection of which something is kept.
  [[nodiscard]] Result<std::vector<std::string>> kept_keys(const SpaceId& space,
                                                           const std::string& collection);
  /// The first of all that are kept, by their places.
  [[nodiscard]] Result<std::vector<KeptPlace>> kept_places(std::size_t limit);
  /// In place of what was kept of the record. Durable once the transaction is.
  [[nodiscard]] Status keep(const CompatThing& thing, const std::vector<KeptMember>& members);

  /// Several of the above as one transaction.
  [[nodiscard]] Status begin(Sync sync);
  [[nodiscard]] Status commit();
  void rollback() { database_.rollback(); }

 private:
  explicit CompatStore(Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<std::optional<std::int64_t>> number_of(const CompatThing& thing);
  /// The client is heard of. May forget who was not for long.
  [[nodiscard]] Result<std::int64_t> client_number(const std::string& client);
  [[nodiscard]] Status forget_clients();
  [[nodiscard]] Result<std::int64_t> thing_number(const CompatThing& thing,
                                                  const std::string& parent);
  [[nodiscard]] Result<std::int64_t> store_seen(std::int64_t thing, const SeenVersion& version,
                                                std::int64_t now_ms);
  [[nodiscard]] Status drop_oldest(std::int64_t client, std::int64_t whole);
  [[nodiscard]] Status remove_state(std::int64_t number);
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& kind, int list);
  [[nodiscard]] Status put_texts(const std::string& kind, int list,
                                 const std::vector<std::string>& values);

  Database database_;
};

}  // namespace lanyard::storage
