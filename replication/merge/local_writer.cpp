#include "replication/merge/local_writer.hpp"

#include <algorithm>
#include <list>

#include "replication/merge/by_kind.hpp"
#include "replication/merge/merge_patch.hpp"
#include "replication/merge/normal_op.hpp"
#include "replication/merge/show.hpp"
#include "replication/merge/show_limits.hpp"
#include "replication/merge/version_text.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/check.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {
namespace {

using oplog::Op;
using oplog::OpKind;

/// One chunk op to a change; two fill half a pack, which is where a run ends.
constexpr std::size_t kChunkBytes = 240 * limits::kKiB;
static_assert(kChunkBytes + 128 <= limits::kOpBytesMax);

std::uint8_t encoding_of(ByteView value) {
  CanonicalReader in(value);
  in.value();
  return oplog::encoding_for(in.deepest());
}

bool concerns(const Op& clear, const Op& op) {
  return clear.whole_space || clear.collection == op.collection;
}

}  // namespace

/// A record as this change has left it so far. Not stored: the change is merged like any other once
/// it has a number.
struct LocalWriter::Working {
  StoredRecord stored;
  std::optional<std::size_t> waiting;  ///< the op that made it, applied only if a second one comes
  /// What an op that is based on nothing has seen, besides this change's own dot. As long as
  /// nothing is hidden, later ops of the change have seen the same: the record, which may be large,
  /// is not looked through for each of them.
  std::optional<Version> seen;
};

/// A change before it is numbered.
struct LocalWriter::Draft {
  struct Chunked {
    ByteView value;
    Hash hash;
  };
  LocalDot own;
  bool wants_versions = true;
  bool is_carried = false;
  std::vector<Op> ops;
  Bytes encoded;                                    ///< the ops as they will be signed
  std::uint8_t encoding = oplog::kEncodingMsgpack;  ///< that all of them need
  std::vector<Unseen> unseen;                       ///< of each op, in local dots
  std::vector<std::size_t> clears;
  std::vector<Version> versions;  ///< after each op, if wanted
  /// By key and collection: keys differ sooner.
  std::map<std::pair<std::string_view, std::string_view>, Working> records;
  // Rare, and named by views: they stay where they are, and cost nothing where there are none.
  std::list<Chunked> chunked;
  std::size_t chunked_bytes = 0;
  std::list<LocalOp> by_kind;  ///< what ops on counters and sets came to
  std::list<Bytes> merged;     ///< values that deep patches came to
  std::size_t merged_bytes = 0;

  /// A value of this change that was cut stands in its records as its hash.
  [[nodiscard]] ByteView whole(ByteView value) const {
    for (const Chunked& each : chunked)
      if (equal(each.hash.view(), value)) return each.value;
    return value;
  }
  void apply_to(Record& record, std::size_t op) const {
    // Whatever the tables name is held where they are.
    static const Context held = Context::everything();
    DotSet voids;
    const Event event{own, {}, &held, unseen[op].unseen, unseen[op].revives};
    apply(record, event, ops[op], voids);
  }
};

LocalWriter::LocalWriter(Merger& merger, RecordTable& table, oplog::Author& author,
                         const Hasher& hasher, HashOf hash_of, Take take, EndRun end_run)
    : merger_(merger),
      table_(table),
      author_(author),
      hasher_(hasher),
      hash_of_(std::move(hash_of)),
      take_(std::move(take)),
      end_run_(std::move(end_run)) {}

bool LocalWriter::is_fatal(const Error& error) {
  constexpr std::array kHarmless{Code::kUsage,        Code::kTooLarge,  Code::kNotFound,
                                 Code::kConflict,     Code::kExists,    Code::kNotAllowed,
                                 Code::kNotCanonical, Code::kMissingKey};
  return std::none_of(kHarmless.begin(), kHarmless.end(),
                      [&](Code code) { return error.is(code); });
}

/// The dot that the next change will have. A log that is not opened yet gets the next number, and
/// its opening takes seq 1.
LocalDot LocalWriter::own_dot() const {
  const oplog::AuthorState& state = author_.state();
  if (!state.log) return {static_cast<LogNumber>(merger_.logs().size()), 2};
  const auto number = merger_.logs().find(*state.log);
  LANYARD_CHECK(number, "our own log is among those that are held");
  return {*number, state.head.seq.next().value};
}

Result<Written> LocalWriter::write(const LocalChange& change) {
  if (change.ops.empty()) return fail(Code::kUsage, "a change without ops");
  LANYARD_TRY(make_room());
  LANYARD_TRY(say_news());
  Draft draft;
  draft.own = own_dot();
  draft.wants_versions = change.wants_versions;
  draft.is_carried = change.is_carried;
  draft.ops.reserve(change.ops.size());
  draft.unseen.reserve(change.ops.size());
  for (const LocalOp& wish : change.ops) LANYARD_TRY(add_op(draft, wish));
  for (const Draft::Chunked& value : draft.chunked) {
    LANYARD_TRY(write_chunks(value.value, value.hash));
  }
  LANYARD_TRY(make_room());
  LANYARD_TRY_SET(const oplog::Change* const added,
                  author_.add(oplog::plain_of(draft.ops.size(), draft.encoded, draft.encoding)));
  Written written{added->dot(), {}};
  LANYARD_TRY(merge_added());
  const LocalDot own{*merger_.logs().find(written.dot.log), written.dot.seq.value};
  for (Version& version : draft.versions) {
    // Chunks that went before have moved our own dot.
    for (LocalDot& dot : version.edits) dot = dot == draft.own ? own : dot;
    written.versions.push_back(to_text(version, merger_.logs()));
  }
  return written;
}

Result<Dot> LocalWriter::write_open(const std::vector<oplog::OpenOp>& ops) {
  LANYARD_TRY(say_news());
  LANYARD_TRY_SET(const oplog::Change* const added, author_.add_open(ops));
  const Dot dot = added->dot();
  LANYARD_TRY(merge_added());
  return dot;
}

Status LocalWriter::merge_added() {
  const auto& changes = author_.changes();
  for (; merged_ < changes.size(); ++merged_) {
    LANYARD_TRY_SET(const oplog::Effect effect, take_(changes[merged_]));
    // Ends the run: nothing of it is written.
    if (effect != oplog::Effect::kEffective)
      return fail(Code::kMalformed, "a change of ours that would have no effect");
  }
  return merger_.flush();
}

Status LocalWriter::make_room() {
  if (!author_.is_full()) return {};
  LANYARD_TRY(merge_added());
  LANYARD_TRY(end_run_());
  merged_ = 0;
  return {};
}

/// What many logs have that came since we wrote last: in changes of its own, ahead of the next.
Status LocalWriter::say_news() {
  if (!author_.owes_news()) return {};
  while (author_.owes_news()) {
    LANYARD_TRY(author_.add_news());
    LANYARD_TRY(make_room());
  }
  return merge_added();
}

Status LocalWriter::add_op(Draft& draft, const LocalOp& wish) {
  LANYARD_TRY_SET(Op op, normal_op(wish));
  if (op.kind == OpKind::kChunk) return fail(Code::kUsage, "chunks are made by the store");
  if (wish.deep && op.kind != OpKind::kPatch)
    return fail(Code::kUsage, "only a patch merges objects");
  if (op.kind == OpKind::kClear) {
    if (!wish.conditions.empty())
      return fail(Code::kUsage, "a clear is of no one record, and no version");
    LANYARD_TRY(own_op_.check(op));
    append(draft.encoded, own_op_.bytes());
    const std::size_t index = draft.ops.size();
    draft.ops.push_back(op);
    draft.unseen.emplace_back();
    if (draft.wants_versions) draft.versions.emplace_back();
    draft.clears.push_back(index);
    for (auto& [name, record] : draft.records) {
      if (!op.whole_space && op.collection != name.second) continue;
      if (record.waiting) draft.apply_to(record.stored.record, *record.waiting);
      record.waiting.reset();
      if (!record.stored.record.is_empty()) draft.apply_to(record.stored.record, index);
    }
    return {};
  }
  if (wish.keeps_kinds) {
    LANYARD_TRY_SET(const bool is_added, add_by_kind(draft, op, wish));
    if (is_added) return {};
  }
  return see(draft, op, wish);
}

/// False if nothing of the op is about a counter or a set, and nothing was added.
Result<bool> LocalWriter::add_by_kind(Draft& draft, const Op& op, const LocalOp& wish) {
  LANYARD_TRY_SET(const Working* const found, working(draft, op));
  const Record& record = found->stored.record;
  if (!record.is_shown() || !meets_kinds(wish, record)) return false;
  LANYARD_TRY(check_values(op));
  std::optional<Version> read;
  if (wish.based_on) {
    LANYARD_TRY_SET(read, version_from_text(*wish.based_on, merger_.logs()));
  }
  const bool is_current = !read || is_as_read(record, *read, draft.own);
  LANYARD_TRY_SET(std::vector<LocalOp> ops, by_kind(wish, record, is_current, hash_of_));
  for (LocalOp& each : ops) {
    each.keeps_kinds = false;
    draft.by_kind.push_back(std::move(each));
    LANYARD_TRY(add_op(draft, draft.by_kind.back()));
  }
  return true;
}

/// The record that the op is about, as it will be when the op comes.
Result<LocalWriter::Working*> LocalWriter::working(Draft& draft, const Op& op) {
  const auto [at, is_new] = draft.records.try_emplace({op.key, op.collection});
  Working& found = at->second;
  if (!is_new) {
    if (found.waiting) draft.apply_to(found.stored.record, *found.waiting);
    found.waiting.reset();
    return &found;
  }
  LANYARD_TRY_SET(const auto collection, table_.find_collection(op.collection));
  if (!collection) return &found;
  LANYARD_TRY_SET(found.stored, table_.load(*collection, op.key));
  if (found.stored.record.is_empty()) return &found;
  for (const std::size_t clear : draft.clears) {
    if (concerns(draft.ops[clear], op)) draft.apply_to(found.stored.record, clear);
  }
  return &found;
}

/// Against the record as this change found it: what its own earlier ops have done, no client can
/// have read.
Status LocalWriter::check_conditions(const Op& op, const LocalOp& wish) {
  if (wish.conditions.empty()) return {};
  LANYARD_TRY_SET(const auto collection, table_.find_collection(op.collection));
  StoredRecord stored;
  if (collection) {
    LANYARD_TRY_SET(stored, table_.load(*collection, op.key));
  }
  const auto is_held = [this](const LocalDot& dot) { return merger_.holds(dot); };
  const auto is_at = [&](const std::string& version) {
    const auto named = named_version_from_text(version, merger_.logs());
    return named && named->is_known && is_as_known(stored.record, named->version, is_held);
  };
  for (const Precondition& each : wish.conditions) {
    const bool fits = (each.is_any && stored.record.is_shown()) ||
                      std::any_of(each.versions.begin(), each.versions.end(), is_at);
    if (fits != each.none_of) continue;
    const std::string record =
        "the record \"" + std::string(op.key) + "\" in " + std::string(op.collection);
    return fail(Code::kConflict,
                each.none_of ? record + (each.is_any ? " is there already"
                                                     : " is at the version that was given")
                             : record + " is not at the version that was given",
                "Read it again, and send the version of that read.");
  }
  return {};
}

/// Puts what the objects of a deep patch come to in their places. A few bytes may come to as many
/// as the field has: all patches of one change together stay below what one value may be.
Status LocalWriter::merge_deep(Draft& draft, Op& op, const Record& record) const {
  LANYARD_TRY(check_values(op));
  for (oplog::FieldValue& written : op.fields) {
    if (CanonicalReader(written.value).peek() != CanonicalReader::Kind::kMap) continue;
    const Field* const field = record.find(written.name);
    std::optional<Bytes> shown;
    if (field != nullptr) shown = shown_to_author(*field, draft.own, hash_of_);
    const auto target = shown ? std::optional(draft.whole(*shown)) : std::nullopt;
    draft.merged.push_back(merge_patch(target, written.value));
    written.value = draft.merged.back();
    draft.merged_bytes += written.value.size();
    if (draft.merged_bytes > limits::kChunkedValueBytesMax)
      return fail(Code::kTooLarge, "the objects that one change patches hold at most 64 MiB",
                  "Patch less at a time.");
  }
  return {};
}

/// Finds out what the op's client had not seen, and puts it into the draft.
Status LocalWriter::see(Draft& draft, Op& op, const LocalOp& wish) {
  LANYARD_TRY(check_conditions(op, wish));
  Version named;
  if (wish.based_on) {
    LANYARD_TRY_SET(named, version_from_text(*wish.based_on, merger_.logs()));
  }
  LANYARD_TRY_SET(Working* const found, working(draft, op));
  const Record& record = found->stored.record;
  if (wish.deep) LANYARD_TRY(merge_deep(draft, op, record));
  const bool is_new = !found->seen || !record.all_visible || op.kind == OpKind::kDelete;
  if (!wish.based_on && is_new) found->seen = read_version(record);
  const Version& version = wish.based_on ? named : *found->seen;
  Unseen unseen;
  if (op.kind == OpKind::kDelete) {
    if (!record.is_shown()) return fail(Code::kNotFound, "there is no such record to delete");
    if (!delete_allowed(record, version))
      return fail(Code::kConflict, "the record has edits that you have not seen",
                  "Read it again, and delete it with the version of that read.");
  } else if (!record.is_empty()) {
    const DotSet revives = wish.restore ? record.deletes() : DotSet{};
    // A delete of this change stands for all of its ops (MERGING D31): what it hides would stay
    // hidden.
    if (contains(revives, draft.own))
      return fail(Code::kUsage, "one change deletes the record and brings it back",
                  "Leave out both, or bring it back in a later change.");
    unseen = op.kind == OpKind::kPut
                 ? merge::based_on(op, revives, record, seen_of(op, version, record, hash_of_),
                                   draft.own)
                 : merge::based_on(op, revives, record, version, draft.own);
    op.unseen = merger_.logs().global(unseen.unseen);
    op.revives = merger_.logs().global(unseen.revives);
  }
  if (wish.restore && unseen.revives.empty())
    return fail(Code::kNotFound, "nothing of that record is in the trash");
  if (op.is_edit() && !draft.is_carried)
    LANYARD_TRY(check_room(record, op, hash_of_, found->stored.shown_bytes));
  LANYARD_TRY(cut_large_values(draft, op));
  append(draft.encoded, own_op_.bytes());
  draft.encoding = std::max(draft.encoding, own_op_.encoding());

  const std::size_t index = draft.ops.size();
  draft.ops.push_back(std::move(op));
  draft.unseen.push_back(std::move(unseen));
  if (record.is_empty()) {
    found->waiting = index;
  } else {
    draft.apply_to(found->stored.record, index);
  }
  if (draft.wants_versions)
    draft.versions.push_back(version_after(record, draft.ops.back(), draft.own, version));
  return {};
}

/// Names the largest values of a put or patch by their hashes until the op is within its limits.
Status LocalWriter::cut_large_values(Draft& draft, Op& op) {
  bool is_checked = false;
  while (true) {
    Status within = own_op_.check(op);
    if (within) return within;
    if (!std::exchange(is_checked, true)) LANYARD_TRY(check_values(op));
    if (!within.error().is(Code::kTooLarge)) return within;
    const auto largest = std::max_element(
        op.fields.begin(), op.fields.end(), [](const auto& left, const auto& right) {
          const auto size = [](const auto& field) {
            return field.chunked ? std::size_t{0} : field.value.size();
          };
          return size(left) < size(right);
        });
    if (largest == op.fields.end() || largest->chunked || largest->value.size() <= Hash::kSize)
      return within;
    const ByteView value = largest->value;
    draft.chunked_bytes += value.size();
    if (draft.chunked_bytes > limits::kChunkedChangeBytesMax)
      return fail(Code::kTooLarge, "the large values of one change hold at most 128 MiB",
                  "Write less at a time.");
    draft.chunked.push_back({value, hasher_.hash({value})});
    draft.encoding = std::max(draft.encoding, encoding_of(value));
    largest->value = draft.chunked.back().hash.view();
    largest->chunked = true;
  }
}

Status LocalWriter::write_chunks(ByteView value, const Hash& hash) {
  for (std::uint64_t index = 0; !value.empty(); ++index) {
    LANYARD_TRY(make_room());
    Op op;
    op.kind = OpKind::kChunk;
    op.chunk_hash = hash;
    op.chunk_index = index;
    op.chunk = value.first(std::min(kChunkBytes, value.size()));
    value = value.subspan(op.chunk.size());
    LANYARD_TRY(author_.add(oplog::encode_plain({op})));
  }
  return {};
}

}  // namespace lanyard::merge
