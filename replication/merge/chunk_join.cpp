#include "replication/merge/chunk_join.hpp"

#include <utility>

#include "replication/types/canonical.hpp"
#include "replication/types/limits.hpp"

namespace lanyard::merge {
namespace {

bool is_value(ByteView bytes, std::size_t depth_max) {
  CanonicalReader in(bytes, depth_max);
  in.value();
  return in.finish().has_value();
}

}  // namespace

bool ChunkJoin::Part::use() {
  if (!brought && used < stored) {
    ++used;
    return true;
  }
  if (more == 0) return false;
  --more;
  return true;
}

Result<bool> ChunkJoin::take(oplog::Op& op) {
  if (op.kind == oplog::OpKind::kChunk) {
    LANYARD_TRY(bring(op));
    return true;
  }
  for (oplog::FieldValue& field : op.fields) {
    if (!field.chunked) continue;
    LANYARD_TRY_SET(const bool is_whole, join(field));
    if (!is_whole) return false;
  }
  return true;
}

/// The same bytes again can be used once more; other bytes take the place of all that came before.
Status ChunkJoin::bring(const oplog::Op& chunk) {
  LANYARD_TRY_SET(Part* const part, part_of(chunk.chunk_hash, chunk.chunk_index));
  bool is_same = part->brought && equal(*part->brought, chunk.chunk);
  if (!part->brought && part->is_stored) {
    LANYARD_TRY_SET(const auto known,
                    table_.known_chunk(log_, chunk.chunk_hash, chunk.chunk_index, chunk.chunk));
    is_same = known && known->is_same;
  }
  if (is_same) {
    ++part->more;
    return {};
  }
  part->brought = chunk.chunk;
  part->more = 1;
  return {};
}

Result<ChunkJoin::Part*> ChunkJoin::part_of(const Hash& hash, std::uint64_t index) {
  const auto [at, is_new] = parts_.try_emplace({hash, index});
  if (!is_new) return &at->second;
  LANYARD_TRY_SET(const auto known, table_.known_chunk(log_, hash, index, {}));
  if (known) at->second = {true, known->unused, 0, {}, 0};
  return &at->second;
}

/// The bytes of a part, used once; nothing if it was not sent since it was used last.
Result<std::optional<Bytes>> ChunkJoin::use(const Hash& hash, std::uint64_t index) {
  LANYARD_TRY_SET(Part* const part, part_of(hash, index));
  if (!part->use()) return std::nullopt;
  if (part->brought) return to_bytes(*part->brought);
  return table_.chunk(log_, hash, index);
}

Result<bool> ChunkJoin::join(oplog::FieldValue& field) {
  const Hash hash = Hash::from(field.value).value_or(Hash{});
  std::vector<Bytes> parts;
  std::size_t size = 0;
  for (std::uint64_t index = 0;; ++index) {
    LANYARD_TRY_SET(std::optional<Bytes> part, use(hash, index));
    if (!part || part->empty()) break;
    size += part->size();
    if (index >= limits::kValueChunksMax || size > limits::kChunkedValueBytesMax ||
        bytes_ + size > limits::kChunkedChangeBytesMax)
      return false;
    parts.push_back(std::move(*part));
  }
  // Into memory of its very size: growing there would take up to three times as much.
  Bytes value;
  value.reserve(size);
  for (Bytes& part : parts) append(value, std::exchange(part, {}));
  if (value.empty() || hasher_.hash({value}) != hash || !is_value(value, depth_max_)) return false;
  bytes_ += value.size();
  field.value = values_.emplace_back(std::move(value));
  field.chunked = false;
  return true;
}

Status ChunkJoin::settle(bool has_effect) {
  for (const auto& [name, part] : parts_) {
    const auto& [hash, index] = name;
    const std::uint64_t left = part.stored - part.used;
    if (has_effect && part.brought) {
      LANYARD_TRY(table_.put_chunk(log_, hash, index, *part.brought, part.more));
    } else if (has_effect ? left + part.more != part.stored : part.used > 0) {
      LANYARD_TRY(table_.count_chunk(log_, hash, index, has_effect ? left + part.more : left));
    }
  }
  return {};
}

}  // namespace lanyard::merge
