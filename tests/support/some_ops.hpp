#pragma once

#include <deque>

#include "replication/oplog/op.hpp"
#include "replication/types/ids.hpp"
#include "tests/support/chance.hpp"

namespace lanyard::support {

/// Ops by chance, of every kind that version 1 writes, with the memory that they point into.
class SomeOps {
 public:
  SomeOps(Chance& chance, std::size_t count_max) {
    for (std::size_t i = chance.below(count_max + 1); i > 0; --i) ops_.push_back(one(chance));
  }
  SomeOps(const SomeOps&) = delete;
  SomeOps& operator=(const SomeOps&) = delete;

  [[nodiscard]] const std::vector<oplog::Op>& ops() const { return ops_; }

 private:
  using Op = oplog::Op;
  using OpKind = oplog::OpKind;

  std::string_view text(std::string made) { return texts_.emplace_back(std::move(made)); }
  ByteView bytes(Bytes made) { return bytes_.emplace_back(std::move(made)); }

  Op one(Chance& chance) {
    Op op;
    op.kind = static_cast<OpKind>(1 + chance.below(9));
    if (op.kind == OpKind::kChunk) {
      op.chunk_hash = chance.fixed<Hash>();
      op.chunk_index = chance.natural();
      op.chunk = bytes(chance.bytes(chance.below(500)));
      return op;
    }
    op.whole_space = op.kind == OpKind::kClear && chance.one_in(2);
    if (!op.whole_space) op.collection = text("c" + some_text(chance, 8));
    if (op.kind != OpKind::kClear) argument(chance, op);
    if (chance.one_in(3)) op.unseen = dots(chance);
    if (chance.one_in(5)) op.revives = dots(chance);
    return op;
  }

  void argument(Chance& chance, Op& op) {
    op.key = text("k" + some_text(chance, 20));
    switch (op.kind) {
      case OpKind::kPut:
      case OpKind::kPatch:
        for (const std::string& name : some_names(chance, 5)) {
          const bool chunked = chance.one_in(6);
          op.fields.push_back({text(name),
                               bytes(chunked ? chance.bytes(Hash::kSize) : some_value(chance)),
                               chunked});
        }
        return;
      case OpKind::kUnset:
        for (const std::string& name : some_names(chance, 5)) op.names.push_back(text(name));
        return;
      case OpKind::kDelete: return;
      case OpKind::kAdd:
        op.field = text(some_text(chance, 8));
        op.amount = static_cast<std::int64_t>(chance.next());
        return;
      default: op.field = text(some_text(chance, 8)); op.element = bytes(some_value(chance, 2));
    }
  }

  static std::vector<Dot> dots(Chance& chance) {
    std::vector<Dot> out;
    for (std::size_t i = chance.below(3); i > 0; --i) {
      const auto log = chance.fixed<LogId>();
      for (std::size_t k = chance.below(3) + 1; k > 0; --k)
        out.push_back({log, {chance.natural()}});
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  std::deque<std::string> texts_;
  std::deque<Bytes> bytes_;
  std::vector<Op> ops_;
};

}  // namespace lanyard::support
