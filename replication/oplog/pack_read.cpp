#include <zstd.h>

#include "replication/oplog/pack.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::oplog {
namespace {

Result<Bytes> decompress(ByteView frame) {
  // The frame states its size; we take that much memory only if it is within bounds, and zstd
  // writes no more than that.
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    return fail(Code::kMalformed, "pack");
  if (size > limits::kPackBodyBytesMax) return fail(Code::kTooLarge, "pack");
  Bytes body(size);
  const std::size_t written = ZSTD_decompress(body.data(), body.size(), frame.data(), frame.size());
  if (ZSTD_isError(written) != 0 || written != size) return fail(Code::kMalformed, "pack");
  return body;
}

Result<Bytes> body_of(ByteView bytes) {
  if (bytes.size() < 2) return fail(Code::kMalformed, "pack");
  if (bytes[0] > kPackFormat) return fail(Code::kNewerVersion, "pack");
  if (bytes[0] != kPackFormat || bytes[1] > kPackZstd) return fail(Code::kMalformed, "pack");
  const ByteView rest = bytes.subspan(2);
  if (bytes[1] == kPackZstd) return decompress(rest);
  if (rest.size() > limits::kPackBodyBytesMax) return fail(Code::kTooLarge, "pack");
  return to_bytes(rest);
}

std::uint64_t unzigzag(std::uint64_t value) { return (value >> 1) ^ (~(value & 1) + 1); }

/// Rebuilds the headers of a pack, change by change. Holds what is computed on the way.
class Rebuild {
 public:
  /// Without the two nothing is hashed.
  Rebuild(Pack& pack, const Cipher* cipher, const Hasher* hasher)
      : pack_(pack), cipher_(cipher), hasher_(hasher), in_(pack.body) {}

  Status run() {
    if (in_.array() != 4) in_.fail(Code::kMalformed);
    read_logs();
    read_references();
    read_epochs();
    const std::size_t count = in_.array();
    if (count == 0) in_.fail(Code::kMalformed);
    if (count > limits::kPackChangesMax) in_.fail(Code::kTooLarge);
    if (in_.failed()) return fail(in_.code(), "pack");
    pack_.changes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) LANYARD_TRY(read_change());
    for (const auto& hashes : hashes_) {
      if (hashes.empty()) return fail(Code::kMalformed, "a log without changes in a pack");
    }
    return in_.finish();
  }

 private:
  void read_logs() {
    const std::size_t size = in_.array();
    if (size > limits::kPackChangesMax) in_.fail(Code::kTooLarge);
    for (std::size_t i = 0; i < size && !in_.failed(); ++i) {
      if (in_.array() != 4) in_.fail(Code::kMalformed);
      PackLog log;
      log.log = in_.fixed<LogId>();
      log.first = {in_.natural()};
      log.prev = in_.fixed<Hash>();
      log.signature = in_.fixed<Signature>();
      const auto same = [&](const PackLog& other) { return other.log == log.log; };
      if (log.first.value == 0 || std::any_of(pack_.logs.begin(), pack_.logs.end(), same))
        in_.fail(Code::kMalformed);
      pack_.logs.push_back(log);
    }
    hashes_.resize(pack_.logs.size());
  }

  void read_references() {
    const std::size_t size = in_.array();
    for (std::size_t i = 0; i < size && !in_.failed(); ++i) {
      if (in_.array() != 3) in_.fail(Code::kMalformed);
      ContextEntry entry;
      entry.log = in_.fixed<LogId>();
      entry.head.seq = {in_.natural()};
      entry.head.hash = in_.fixed<Hash>();
      references_.push_back(entry);
    }
  }

  void read_epochs() {
    const std::size_t size = in_.array();
    for (std::size_t i = 0; i < size && !in_.failed(); ++i) epochs_.push_back(in_.fixed<EpochId>());
  }

  Status read_change() {
    const std::size_t size = in_.array();
    const std::size_t log = in_.natural();
    const std::uint64_t flags = in_.natural();
    if (in_.failed() || log >= pack_.logs.size() || flags > 5)
      return fail(Code::kMalformed, "change");
    Change& change = pack_.changes.emplace_back();
    Header& header = change.header;
    header.kind = static_cast<ChangeKind>(flags & 1);
    change.form = static_cast<PayloadForm>(flags >> 1);
    header.log = pack_.logs[log].log;
    header.seq = {pack_.logs[log].first.value + hashes_[log].size()};
    header.prev = hashes_[log].empty() ? pack_.logs[log].prev : hashes_[log].back();
    header.timestamp = timestamp_ = {timestamp_.value + unzigzag(in_.natural())};
    read_context(header);
    const std::size_t epoch = in_.natural();
    if (epoch > epochs_.size()) in_.fail(Code::kMalformed);
    if (!in_.failed() && epoch > 0) header.epoch = epochs_[epoch - 1];
    // Before its payload is sealed again: a change that cannot be is not one whose key we miss.
    if (header.epoch.is_zero() != (header.kind == ChangeKind::kOpen)) in_.fail(Code::kMalformed);
    LANYARD_TRY(read_payload(change));
    if (size != (header.kind == ChangeKind::kOpen ? 7 : 6)) return fail(Code::kMalformed, "change");
    if (header.kind == ChangeKind::kOpen) change.signature = in_.fixed<Signature>();
    if (hasher_ != nullptr) {
      LANYARD_TRY(check_header(header));
      change.hash = change_hash(header, *hasher_, scratch_);
    }
    hashes_[log].push_back(change.hash);
    return {};
  }

  void read_context(Header& header) {
    const std::size_t size = in_.array();
    context_entries_ += size;
    if (size > limits::kContextEntriesMax || context_entries_ > limits::kPackContextEntriesMax) {
      in_.fail(Code::kTooLarge);
    }
    for (std::size_t i = 0; i < size && !in_.failed(); ++i) {
      if (in_.peek() == CanonicalReader::Kind::kInteger) {
        const std::size_t reference = in_.natural();
        if (reference >= references_.size()) return in_.fail(Code::kMalformed);
        header.context.push_back(references_[reference]);
      } else {
        if (in_.array() != 2) return in_.fail(Code::kMalformed);
        const std::size_t log = in_.natural();
        const std::uint64_t seq = in_.natural();
        if (log >= pack_.logs.size()) return in_.fail(Code::kMalformed);
        const std::uint64_t first = pack_.logs[log].first.value;
        if (seq < first || seq - first >= hashes_[log].size()) return in_.fail(Code::kMalformed);
        header.context.push_back({pack_.logs[log].log, {{seq}, hashes_[log][seq - first]}});
      }
    }
  }

  Status read_payload(Change& change) {
    Header& header = change.header;
    if (change.form == PayloadForm::kErased) {
      if (in_.array() != 2) in_.fail(Code::kMalformed);
      header.payload_hash = in_.fixed<Hash>();
      header.payload_size = in_.natural();
    } else {
      change.payload = in_.binary();
    }
    if (in_.failed()) return fail(in_.code(), "change");
    if (change.payload.size() > limits::kPayloadBytesMax) return fail(Code::kTooLarge, "payload");
    if (hasher_ == nullptr) return {};
    if (change.form == PayloadForm::kPlain)
      return hash_plain(header, change.payload, *cipher_, *hasher_, scratch_);
    if (header.kind == ChangeKind::kOpen && change.form == PayloadForm::kSealed)
      return fail(Code::kMalformed, "change");
    if (change.form == PayloadForm::kSealed) {
      header.payload_hash = hasher_->hash({change.payload});
      header.payload_size = change.payload.size();
    }
    return {};
  }

  Pack& pack_;
  const Cipher* cipher_;
  const Hasher* hasher_;
  CanonicalReader in_;
  std::vector<ContextEntry> references_;
  std::vector<EpochId> epochs_;
  std::vector<std::vector<Hash>> hashes_;  // of each log in the pack, from its first seq on
  Hlc timestamp_;
  std::size_t context_entries_ = 0;
  Bytes scratch_;
};

}  // namespace

std::size_t Pack::payload_bytes() const {
  std::size_t bytes = 0;
  for (const Change& change : changes) bytes += change.payload.size();
  return bytes;
}

Result<Pack> read_pack(ByteView bytes, const Cipher& cipher, const Hasher& hasher) {
  Pack pack;
  LANYARD_TRY_SET(pack.body, body_of(bytes));
  LANYARD_TRY(Rebuild(pack, &cipher, &hasher).run());
  return pack;
}

Result<Pack> read_proven_pack(ByteView bytes) {
  Pack pack;
  LANYARD_TRY_SET(pack.body, body_of(bytes));
  LANYARD_TRY(Rebuild(pack, nullptr, nullptr).run());
  return pack;
}

bool is_signed(const Hash& hash, const Signature& signature, const DeviceId& device,
               const Verifier& verifier) {
  return verifier.verify(device, signed_message(hash), signature);
}

}  // namespace lanyard::oplog
