#pragma once

#include "replication/types/canonical.hpp"
#include "tests/unit/storage/storage_test.hpp"

/// Large values in parts, as a member writes them who keeps to no rule.
namespace lanyard::storage {

inline constexpr std::size_t kPartBytes = 200'000;

/// A member who writes changes as no honest device does.
class Namer {
 public:
  explicit Namer(Device& device) : device_(device), cipher_(device.ports().ciphers.make()) {
    const SpaceState state = device.store().state();
    from_.log = state.own_log;
    from_.head = state.own_head;
    from_.epoch = state.grants.back().first;
    must(cipher_->take_grant(from_.epoch, state.grants.back().second));
  }

  /// A pack of changes with these payloads.
  Bytes pack(const std::vector<std::vector<oplog::Op>>& changes) {
    oplog::Author author(device_.space(), device_.ports().signer, device_.ports().hasher, *cipher_,
                         from_);
    author.begin(device_.store().state().log.clock(), device_.wall);
    for (const auto& ops : changes) must(author.add(oplog::encode_plain(ops)));
    Bytes pack = author.finish();
    author.commit();
    from_ = author.state();
    return pack;
  }

 private:
  Device& device_;
  std::unique_ptr<Cipher> cipher_;
  oplog::AuthorState from_;
};

/// A text, cut into parts.
class Large {
 public:
  Large(Device& device, char letter) {
    CanonicalWriter(value_).text(std::string(2 * kPartBytes + 100, letter));
    hash_ = device.ports().hasher.hash({value_});
  }
  [[nodiscard]] oplog::Op part(std::uint64_t index) const {
    const ByteView all = value_;
    const std::size_t at = index * kPartBytes;
    return part_of(index, all.subspan(at, std::min(kPartBytes, all.size() - at)));
  }
  [[nodiscard]] oplog::Op part_of(std::uint64_t index, ByteView bytes) const {
    oplog::Op op;
    op.kind = oplog::OpKind::kChunk;
    op.chunk_hash = hash_;
    op.chunk_index = index;
    op.chunk = bytes;
    return op;
  }
  [[nodiscard]] std::vector<oplog::Op> whole() const { return {part(0), part(1), part(2)}; }
  /// A put of a record with so many fields, each of which names the value.
  [[nodiscard]] oplog::Op named(std::string_view key, std::size_t times = 1) const {
    static const std::vector<std::string> kNames = [] {
      std::vector<std::string> names(40);
      for (std::size_t i = 0; i < names.size(); ++i) names[i] = "f" + std::to_string(100 + i);
      return names;
    }();
    oplog::Op op;
    op.kind = oplog::OpKind::kPut;
    op.collection = "notes";
    op.key = key;
    for (std::size_t i = 0; i < times; ++i) op.fields.push_back({kNames[i], hash_.view(), true});
    return op;
  }

 private:
  Bytes value_;
  Hash hash_;
};

/// A member whose log everybody has.
inline Device& writing_here(Group& group) {
  group[1].write(put("a", {{"n", 1}}));
  group.sync();
  return group[1];
}

}  // namespace lanyard::storage
