#pragma once

#include <string_view>
#include <vector>

#include "replication/types/ids.hpp"
#include "replication/types/limits.hpp"
#include "replication/types/result.hpp"

namespace lanyard::oplog {

/// What one op does. The numbers are part of the format: they are signed, and never given
/// another meaning.
enum class OpKind : std::uint16_t {
  // In sealed changes (ChangeKind::kSealed).
  kPut = 1,
  kPatch = 2,
  kUnset = 3,
  kDelete = 4,
  kClear = 5,
  kAdd = 6,
  kSetAdd = 7,
  kSetRemove = 8,
  kChunk = 9,
  // Reserved: kept, chained, forwarded and without effect until a version that knows them.
  kTreeMove = 16,
  kTreeProperty = 17,
  kOpaqueUpdate = 24,
  kAttachment = 25,
  kRequires = 26,
  // In open changes (ChangeKind::kOpen).
  kOpenLog = 64,
  kAdmit = 65,
  kRemove = 66,    // reserved
  kForkProof = 67  // reserved
};

/// First byte of every plain payload: how the ops after it are written, and which rules they keep.
/// Values nest at most limits::kFlatValueDepthMax arrays and maps here.
inline constexpr std::uint8_t kEncodingMsgpack = 0;
/// The same, with limits::kValueDepthMax (ADR 0030). Written only where a value needs it.
inline constexpr std::uint8_t kEncodingDeep = 1;

/// How deep values may be in a payload of this encoding. Pure.
[[nodiscard]] std::size_t depth_max_of(std::uint8_t encoding);
/// The first encoding in which values may be so deep. Pure.
[[nodiscard]] std::uint8_t encoding_for(std::size_t depth);

/// One member of a put or patch. `value` is canonical msgpack of a JSON value, or, if `chunked`,
/// the BLAKE2b-256 of the canonical msgpack of a value that earlier chunk ops of the same log
/// brought.
struct FieldValue {
  std::string_view name;
  ByteView value;
  bool chunked = false;
};

/// One edit of a sealed change, as views into the payload it was read from. Which members mean
/// something depends on `kind`; the others are empty.
///   put, patch           [kind, collection, key, {field: value}]    fields
///   unset                [kind, collection, key, [field, ...]]      names, sorted and distinct
///   delete               [kind, collection, key]
///   clear                [kind, collection or nil]                  whole_space if nil
///   add                  [kind, collection, key, field, amount]     field, amount
///   set-add, set-remove  [kind, collection, key, field, element]    field, element
///   chunk                [kind, hash, index, bytes]                 chunk_hash, chunk_index, chunk
/// An edit or delete may be followed by two more elements, `unseen` and `revives`; both are there
/// or neither is, and not both are empty. Each is [[log id, [seq, ...]], ...], sorted and distinct.
struct Op {
  OpKind kind{};
  bool whole_space = false;
  std::string_view collection;
  std::string_view key;
  std::vector<FieldValue> fields;
  std::vector<std::string_view> names;
  std::string_view field;
  std::int64_t amount = 0;
  ByteView element;
  Hash chunk_hash;
  std::uint64_t chunk_index = 0;
  ByteView chunk;
  /// Edits in the change's context that its client had not seen: they stay.
  std::vector<Dot> unseen;
  /// Deletes in its context that its client had not seen, or undoes: they become void.
  std::vector<Dot> revives;

  [[nodiscard]] bool is_edit() const;
  [[nodiscard]] bool is_delete() const { return kind == OpKind::kDelete || kind == OpKind::kClear; }
};

/// Appends the canonical msgpack of one op. Sorts nothing: fields and names must be sorted by UTF-8
/// bytes and distinct, dots sorted and distinct. An op made by an OpReader encodes to the bytes it
/// was read from.
void encode(const Op& op, Bytes& bytes);

/// Checks ops of our own before they are numbered, and keeps its memory from one to the next.
class OwnOp {
 public:
  /// Whether the op obeys every payload rule (limits.hpp), and has a name and a key to be found by.
  [[nodiscard]] Status check(const Op& op);
  /// The bytes of the op that was checked last.
  [[nodiscard]] ByteView bytes() const { return bytes_; }
  /// The encoding that its values need, those apart that were cut into chunks.
  [[nodiscard]] std::uint8_t encoding() const { return encoding_; }

 private:
  Bytes bytes_;
  Op again_;
  std::uint8_t encoding_ = kEncodingMsgpack;
};

/// What a whole payload comes to. Anything but kEffective leaves the change without effect, as a
/// whole.
enum class Effect : std::uint8_t {
  kEffective = 0,
  kUnknownKind =
      1,  ///< an op, or a plain encoding, of a newer version: shown as "needs a newer version"
  kBadPayload = 2,   ///< breaks a payload rule (limits.hpp)
  kNoKey = 3,        ///< sealed under an epoch that we were not granted
  kBadSeal = 4,      ///< does not open under its epoch's key
  kMissingChunk = 5  ///< names a chunked value that is not whole
};

/// Reads the ops of a plain payload (an encoding byte, then a msgpack array of ops) one by one,
/// without copying.
///   OpReader in(plain); while (in.next(op)) use(op); in.effect() says whether all was well.
/// `op` keeps its memory from call to call. To decide about a change, read it to the end first: see
/// effect_of().
class OpReader {
 public:
  explicit OpReader(ByteView plain);
  [[nodiscard]] bool next(Op& op);
  /// kEffective as long as nothing was wrong up to here.
  [[nodiscard]] Effect effect() const { return effect_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// How deep values may be, those too that come in chunks.
  [[nodiscard]] std::size_t depth_max() const { return depth_max_; }

 private:
  ByteView plain_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  std::size_t count_ = 0;
  std::size_t depth_max_ = limits::kFlatValueDepthMax;
  Effect effect_ = Effect::kEffective;
};

/// Reads the whole payload of a sealed change and says what it comes to.
[[nodiscard]] Effect effect_of(ByteView plain);

/// Plain of a payload: the encoding byte and the ops.
[[nodiscard]] Bytes encode_plain(const std::vector<Op>& ops,
                                 std::uint8_t encoding = kEncodingMsgpack);
/// The same from `count` ops that are encoded already, one after the other.
[[nodiscard]] Bytes plain_of(std::size_t count, ByteView encoded,
                             std::uint8_t encoding = kEncodingMsgpack);

}  // namespace lanyard::oplog
