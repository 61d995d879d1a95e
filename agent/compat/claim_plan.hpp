#pragma once

#include <deque>
#include <memory>

#include "agent/compat/belief.hpp"
#include "agent/compat/page_guess.hpp"
#include "agent/service/services.hpp"

namespace lanyard::agent {

/// What a client that has seen nothing of a record is based on.
inline constexpr const char* kSeenNothing = "0";

/// What a client says that a record is.
struct Claim {
  std::string collection;
  std::string key;
  std::string parent;  ///< the key of what the client has it in; empty: it stands alone
  std::vector<ClaimMember> members;
  std::optional<std::int64_t> updated_at;  ///< the app's own, if it says one
  /// Members that are ours, for a record that is not there yet.
  std::vector<std::pair<std::string, Bytes>> when_new = {};
};

/// What is known of the post that a claim is a part of.
struct Standing {
  bool has_base = false;  ///< the client read or wrote the whole before
  bool is_old = false;    ///< older than what the client itself had: another tab, a late queue
  bool is_newer = false;  ///< by the app's own time, than what is here
};

/// What became of a claim.
enum class Fate : std::uint8_t { kNothing, kEdited, kCreated };

/// One op, with values that still stand in what the client sent.
struct PlannedOp {
  oplog::OpKind kind = oplog::OpKind::kPatch;
  std::string collection;
  std::string key;
  std::vector<std::pair<std::string, std::string_view>> said;  ///< name and JSON
  NamedValues ours;
  std::vector<std::string> names;  ///< to be unset
  std::optional<std::string> based_on;
  bool restore = false;
  /// It stands in one change with the op before it, as far as a change has room: a delete of a chat
  /// and those of its messages.
  bool joins = false;
  /// Bytes of JSON that it will read, and of its names.
  [[nodiscard]] std::size_t size() const;
};
/// A text as it is stored, for members of ours.
[[nodiscard]] Bytes text_value(std::string_view text);
[[nodiscard]] Result<storage::LocalOp> local_op(const PlannedOp& planned);

/// What a post comes to: ops, and what its client believes once they are written.
struct ClaimPlan {
  struct Note {
    storage::CompatThing thing;
    std::string parent;
    storage::SeenVersion version;
    std::optional<std::size_t> op;  ///< its answer brings the version
  };
  /// Which page has what of a whole from then on.
  struct WholeNote {
    storage::CompatThing whole;
    std::vector<Note> parts;
    std::optional<std::int64_t> heard = {};  ///< a state that a page said again
    std::vector<storage::PageState> left = {};
    bool is_sure = false;  ///< the page was in that one
  };
  std::deque<PlannedOp> ops;
  std::vector<Note> notes;
  std::vector<WholeNote> wholes;
  std::vector<storage::CompatThing> forgotten;
  std::vector<std::pair<storage::CompatThing, std::vector<storage::KeptMember>>> kept;
  /// Lets go of memory that holds what the client sent, and can be had again. May be empty; to be
  /// called from time to time.
  std::function<void()> let_go;
  /// Values that stand nowhere in what the client sent.
  std::deque<std::string> texts;
};

/// The members of a stored record as clients of a protocol see it; values may point into `json`.
using ShownAs = std::function<Result<std::vector<ClaimMember>>(const std::string& collection,
                                                               std::string_view json)>;

/// A record as it is here now.
struct PresentRecord {
  std::shared_ptr<const storage::ReadRecord> record;
  std::vector<ClaimMember> members;  ///< point into `record`
  [[nodiscard]] bool is_shown() const { return !record->json.empty(); }
};

/// Plans what a client's claims come to (docs/adr/0016): reads, and writes nothing. For one post of
/// one client, on the api thread. Errors are those of reading.
class ClaimPlanner {
 public:
  /// How far the plan had come; to be planned again from there.
  struct Mark {
    std::size_t ops = 0;
    std::size_t notes = 0;
  };
  /// All outlive it. `may_delete` false: nothing is deleted, for a try after a delete was refused.
  ClaimPlanner(Services& services, storage::CompatStore& store, const SpaceId& space,
               const std::string& client, ShownAs shown_as, bool may_delete)
      : services_(services),
        store_(store),
        space_(space),
        client_(client),
        shown_as_(std::move(shown_as)),
        may_delete_(may_delete) {}

  [[nodiscard]] Result<PresentRecord> present(const std::string& collection,
                                              const std::string& key);
  /// A record that was read, as clients see it.
  [[nodiscard]] Result<PresentRecord> shown(storage::ReadRecord record);
  /// What the record was seen in before; nothing if it never was.
  [[nodiscard]] Result<std::optional<std::string>> known_parent(const std::string& collection,
                                                                const std::string& key) {
    return store_.parent_of(thing(collection, key));
  }
  /// By the claim's own time and what its client had.
  [[nodiscard]] Result<Standing> standing(const Claim& claim);
  [[nodiscard]] Result<Fate> add(const Claim& claim, const Standing& standing);

  // ---- A chat with its messages, a setting with its notes (claim_whole.cpp).
  /// What is added from here to end_whole() is what one page says of a whole. It is compared with
  /// what that page was given; where it may be several, with what all of them were. `said.parts`:
  /// all that will be added.
  [[nodiscard]] Result<Standing> begin_whole(const Claim& itself, SaidWhole said);
  /// What the page had of this collection and does not say any more goes, unless somebody else has
  /// changed it since, or it may be a page that never had it.
  [[nodiscard]] Status remove_missing_parts(const std::string& collection);
  void end_whole();
  /// A record as a part of what a page is given.
  [[nodiscard]] ClaimPlan::Note part_of(const std::string& parent, const PresentRecord& record,
                                        std::optional<std::int64_t> updated_at) const;
  /// A record goes if it is still what its client had; else nothing happens.
  [[nodiscard]] Status remove_known(const std::string& collection, const std::string& key,
                                    const ContentHash& content);
  /// What was taken out of a record because it must not leave this device stays here.
  [[nodiscard]] Status keep(const std::string& collection, const std::string& key,
                            std::vector<storage::KeptMember> posted);
  /// Nothing is kept any more of the records of a collection but these.
  [[nodiscard]] Status keep_none_but(const std::string& collection,
                                     const std::set<std::string>& kept);
  /// Deletes a record as the client knows it; kConflict if others have changed it since.
  [[nodiscard]] Status remove(const std::string& collection, const std::string& key);
  /// Somebody goes on with what the record is a part of: a delete that does not know of it becomes
  /// void, and nothing else changes. As the client knows the record.
  [[nodiscard]] Status touch(const std::string& collection, const std::string& key);
  /// Whether the plan has an op of this record.
  [[nodiscard]] bool plans(const std::string& collection, const std::string& key) const;
  /// From here on the ops of the plan stand in one change, as far as a change has room.
  void join_since(const Mark& mark);
  /// Brings a record back that lies in the trash; false if it is none of those.
  [[nodiscard]] Result<bool> restore(const std::string& collection, const std::string& key);
  /// The record is to be what the claim says, whatever it is now: for an import, which was shown
  /// all that there is. `ours`: members of ours that change with it.
  [[nodiscard]] Result<Fate> replace(const Claim& claim, const NamedValues& ours);
  /// A record goes as it was read just now, whoever wrote it.
  [[nodiscard]] Status trash(const storage::ReadRecord& record);
  /// trash() for all records of a collection but these.
  [[nodiscard]] Status trash_all_but(const std::string& collection,
                                     const std::set<std::string>& kept);
  /// Whether the client read or wrote the record before.
  [[nodiscard]] Result<bool> has_base(const std::string& collection, const std::string& key);
  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] const SpaceId& space() const { return space_; }

  /// Whether there is anything to write that is no delete, from the plan's op `begin` on.
  [[nodiscard]] bool has_edits(std::size_t begin) const;
  /// The client has read a record as it is now.
  [[nodiscard]] Status gave(const std::string& parent, const PresentRecord& record,
                            std::optional<std::int64_t> updated_at);

  [[nodiscard]] Mark mark() const { return {plan_.ops.size(), plan_.notes.size()}; }
  void rewind(const Mark& mark);

  /// So many bytes of what the client sent were read.
  void read(std::size_t bytes);
  [[nodiscard]] ClaimPlan& plan() { return plan_; }
  [[nodiscard]] const Hasher& hasher() const { return services_.hasher; }

 private:
  [[nodiscard]] storage::CompatThing thing(const std::string& collection,
                                           const std::string& key) const {
    return {space_, collection, key};
  }
  struct Whole {
    std::vector<storage::PageState> states;
    SaidWhole said;
    PageGuess guess;
    ClaimPlan::WholeNote note;
  };
  [[nodiscard]] Result<std::optional<storage::SeenVersion>> base_of(const Claim& claim,
                                                                    const ContentHash& content);
  void add_part(const Claim& claim, std::size_t notes_before,
                std::optional<storage::SeenVersion> version);
  void renew_part(const std::string& collection, const std::string& key);
  [[nodiscard]] Status remove_as_shown(const PresentRecord& now);
  [[nodiscard]] Result<Fate> decide(const Claim& claim, const Standing& standing,
                                    std::optional<storage::SeenVersion>& unnoted);
  [[nodiscard]] Result<Fate> edit(const Claim& claim, const storage::SeenVersion& base,
                                  const PresentRecord& now);
  [[nodiscard]] Result<Fate> fill(const Claim& claim, const PresentRecord& now, bool is_newer);
  [[nodiscard]] Result<Fate> create(const Claim& claim);
  [[nodiscard]] Result<std::string> shown_part(const Claim& claim, const storage::SeenVersion& base,
                                               const Edits& edits);
  [[nodiscard]] Result<bool> was_deleted(const Claim& claim);
  void write(const Claim& claim, const Edits& edits, const std::string& based_on);
  bool write_time(const Claim& claim, Edits& edits, const PresentRecord& now);
  void note(const Claim& claim, const std::string& version, std::optional<std::size_t> op);
  [[nodiscard]] storage::SeenVersion seen_version(const std::vector<ClaimMember>& members,
                                                  const std::string& version,
                                                  std::optional<std::int64_t> updated_at) const;

  Services& services_;
  storage::CompatStore& store_;
  SpaceId space_;
  const std::string& client_;
  ShownAs shown_as_;
  bool may_delete_;
  std::size_t read_bytes_ = 0;
  std::optional<Whole> whole_;
  ClaimPlan plan_;
};

}  // namespace lanyard::agent
