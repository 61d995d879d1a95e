#include <zstd.h>

#include "replication/oplog/pack.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/check.hpp"

namespace lanyard::oplog {
namespace {

constexpr int kZstdLevel = 1;

std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1) ^ (~(difference >> 63) + 1);
}

/// Turns names into the small indexes of one pack.
class Tables {
 public:
  struct Log {
    std::uint64_t index;
    Seq first;
    Hash prev;
    std::vector<Hash> hashes;  // of its changes written so far

    /// A context may name the other branch of a log that forked, by a number that stands here too.
    [[nodiscard]] bool holds(const Head& head) const {
      return head.seq >= first && head.seq.value - first.value < hashes.size() &&
             hashes[head.seq.value - first.value] == head.hash;
    }
  };

  explicit Tables(std::span<const Change> changes) {
    for (const Change& change : changes) {
      const Header& header = change.header;
      if (logs.try_emplace(header.log, Log{logs.size(), header.seq, header.prev, {}}).second) {
        order.push_back(header.log);
      }
      if (!header.epoch.is_zero()) epochs.try_emplace(header.epoch, epochs.size() + 1);
    }
  }

  std::map<LogId, Log> logs;
  std::vector<LogId> order;
  std::map<EpochId, std::uint64_t> epochs;
  std::map<ContextEntry, std::uint64_t> references;
};

void write_pack_context(CanonicalWriter& out, const Header& header, Tables& tables) {
  out.array(header.context.size());
  for (const ContextEntry& entry : header.context) {
    const auto log = tables.logs.find(entry.log);
    if (log != tables.logs.end() && log->second.holds(entry.head)) {
      out.array(2);
      out.natural(log->second.index);
      out.natural(entry.head.seq.value);
    } else {
      out.natural(tables.references.try_emplace(entry, tables.references.size()).first->second);
    }
  }
}

void write_change(CanonicalWriter& out, const Change& change, Hlc& previous, Tables& tables) {
  const Header& header = change.header;
  Tables::Log& log = tables.logs.at(header.log);
  LANYARD_CHECK(header.seq.value == log.first.value + log.hashes.size(),
                "the changes of a log in a pack are contiguous");
  const bool open = header.kind == ChangeKind::kOpen;
  out.array(open ? 7 : 6);
  out.natural(log.index);
  out.natural(static_cast<std::uint64_t>(change.form) << 1 |
              static_cast<std::uint64_t>(header.kind));
  out.natural(zigzag(header.timestamp.value - previous.value));
  previous = header.timestamp;
  write_pack_context(out, header, tables);
  out.natural(header.epoch.is_zero() ? 0 : tables.epochs.at(header.epoch));
  if (change.form == PayloadForm::kErased) {
    out.array(2);
    out.binary(header.payload_hash.view());
    out.natural(header.payload_size);
  } else {
    out.binary(change.payload);
  }
  if (open) out.binary(change.signature.view());
  log.hashes.push_back(change.hash);
}

void write_logs(CanonicalWriter& out, const Tables& tables, const RunSignatures& signatures) {
  out.array(tables.order.size());
  for (const LogId& id : tables.order) {
    const auto signature = signatures.find(id);
    LANYARD_CHECK(signature != signatures.end(), "a pack ends each log with a signed change");
    const Tables::Log& log = tables.logs.at(id);
    out.array(4);
    out.binary(id.view());
    out.natural(log.first.value);
    out.binary(log.prev.view());
    out.binary(signature->second.view());
  }
}

template <class Key, class Write>
void write_in_index_order(CanonicalWriter& out, const std::map<Key, std::uint64_t>& table,
                          Write write) {
  std::vector<const Key*> by_index(table.size());
  const std::uint64_t first =
      table.empty() ? 0 : std::min_element(table.begin(), table.end(), [](auto& a, auto& b) {
                            return a.second < b.second;
                          })->second;
  for (const auto& [key, index] : table) by_index[index - first] = &key;
  out.array(table.size());
  for (const Key* key : by_index) write(*key);
}

Bytes finish(ByteView body, bool compress) {
  Bytes pack{kPackFormat, compress ? kPackZstd : kPackRaw};
  if (!compress) {
    append(pack, body);
    return pack;
  }
  pack.resize(2 + ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compress(pack.data() + 2, pack.size() - 2, body.data(), body.size(), kZstdLevel);
  LANYARD_CHECK(ZSTD_isError(size) == 0, "zstd cannot fail within its own bound");
  pack.resize(2 + size);
  return pack;
}

}  // namespace

Bytes write_pack(std::span<const Change> changes, const RunSignatures& signatures, bool compress) {
  Tables tables(changes);
  Bytes list;  // written first: contexts find out which references are needed
  CanonicalWriter items(list);
  items.array(changes.size());
  Hlc previous;
  for (const Change& change : changes) write_change(items, change, previous, tables);

  Bytes body;
  CanonicalWriter out(body);
  out.array(4);
  write_logs(out, tables, signatures);
  write_in_index_order(out, tables.references, [&](const ContextEntry& entry) {
    out.array(3);
    out.binary(entry.log.view());
    out.natural(entry.head.seq.value);
    out.binary(entry.head.hash.view());
  });
  write_in_index_order(out, tables.epochs, [&](const EpochId& epoch) { out.binary(epoch.view()); });
  out.raw(list);
  return finish(body, compress);
}

Bytes compressed(Bytes pack) {
  LANYARD_CHECK(pack.size() >= 2, "a pack has a format and a compression");
  return pack[1] == kPackRaw ? finish(ByteView(pack).subspan(2), true) : pack;
}

}  // namespace lanyard::oplog
