#pragma once

#include <vector>

#include "replication/ports.hpp"
#include "replication/types/hlc.hpp"
#include "replication/types/ids.hpp"
#include "replication/types/vector_clock.hpp"

/// The change format (docs/PROTOCOL.md, Changes). A change is a header, which is hashed,
/// chained and signed, and a payload, which the header names by its hash.
namespace lanyard::oplog {

enum class ChangeKind : std::uint8_t {
  kSealed = 0,  ///< ops of members, readable with the epoch's key
  kOpen = 1  ///< log opening, admission, grants: readable by whoever stores it; no names of people
             ///< or things
};

/// News of one log in an author's context.
struct ContextEntry {
  LogId log;
  Head head;
  friend auto operator<=>(const ContextEntry&, const ContextEntry&) = default;
};

struct Header {
  ChangeKind kind = ChangeKind::kSealed;
  LogId log;
  Seq seq;
  Hash prev;  ///< of the previous header of this log; zeros at seq 1
  Hlc timestamp;
  /// What changed in the author's clock since its previous change; at seq = 1 mod 256 the whole
  /// clock, if it is small enough. What the author held is what this and the contexts before it in
  /// its log say together. Sorted by log id; the own log is left out, `prev` names it.
  std::vector<ContextEntry> context;
  EpochId epoch;      ///< zeros in open changes
  Hash payload_hash;  ///< of the payload as it is sealed (or open)
  std::uint64_t payload_size = 0;
};

/// Whether the context of a change with this seq is the author's whole clock, which has so many
/// entries.
[[nodiscard]] bool has_whole_context(Seq seq, std::size_t entries);

/// Appends the one encoding that a header has.
void encode(const Header& header, Bytes& bytes);
/// kMalformed, kNotCanonical, kTooLarge or kNewerVersion for anything that encode() would not have
/// written, or that breaks a rule on headers: sizes, order, own log in the context, prev at seq 1.
[[nodiscard]] Result<Header> decode_header(ByteView bytes);
/// The rules on a header that its encoding does not already hold.
[[nodiscard]] Status check_header(const Header& header);

/// The change hash: BLAKE2b-256 of the header. `scratch` is reused memory.
[[nodiscard]] Hash change_hash(const Header& header, const Hasher& hasher, Bytes& scratch);

/// What the author signs for the last change of a run, and for every open change:
/// "lanyard-change-v1" || its hash.
[[nodiscard]] Bytes signed_message(const Hash& last_of_run);

[[nodiscard]] LogId log_id_of(const DeviceId& device, const Incarnation& incarnation,
                              const SpaceId& space, const Hasher& hasher);
using Founding =
    FixedBytes<struct FoundingTag, 16>;  ///< 16 random bytes in a founder's first change
[[nodiscard]] SpaceId space_id_of(const DeviceId& founder, const Founding& random,
                                  const Hasher& hasher);

/// How a payload lies in a pack and travels.
enum class PayloadForm : std::uint8_t {
  kPlain = 0,   ///< what the sealed bytes open to: sealed again by the receiver, which proves it
  kSealed = 1,  ///< nonce and ciphertext: at and to those without the key, and where sealing again
                ///< gives other bytes
  kErased = 2   ///< only its hash and size are left
};

/// A change with everything that can be computed computed. `payload` points into memory that its
/// owner keeps.
struct Change {
  Header header;
  Hash hash;
  PayloadForm form = PayloadForm::kPlain;
  ByteView payload;  ///< in the stated form; of open changes the payload itself, as kPlain
  /// Of open changes alone: each is signed by itself and keeps its signature wherever it goes, so
  /// that membership can be proven without the rest of the log, and a grant can be shown before the
  /// history that it opens.
  Signature signature;

  [[nodiscard]] Dot dot() const { return {header.log, header.seq}; }
};

/// Fills in payload_hash and payload_size for the given plain. Sealed changes: kMissingKey without
/// the epoch's key.
[[nodiscard]] Status hash_plain(Header& header, ByteView plain, const Cipher& cipher,
                                const Hasher& hasher, Bytes& scratch);

}  // namespace lanyard::oplog
