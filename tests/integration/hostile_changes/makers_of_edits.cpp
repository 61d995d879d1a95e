// Many small edits: of every kind, of one record again and again, of records that many logs write.
#include <limits>

#include "tests/integration/hostile_changes/forge.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Op;
using oplog::OpKind;

constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

const std::vector<std::string>& collections() {
  static const std::vector<std::string> names{
      "notes", "chats", "lanyard_space", "sqlite_x", std::string("zero\0", 5), "tabelle ä"};
  return names;
}

/// One of a few records, so that edits meet.
std::string some_key(Forge& forge) {
  if (forge.chance.one_in(10))
    return "01234567-89ab-8def-8123-456789abcde" + std::to_string(forge.chance.below(10));
  return "k" + std::to_string(forge.chance.below(40));
}

/// Any op on a record. Its parts last until it is encoded.
void add_some_op(Forge& forge, Ops& ops) {
  support::Chance& chance = forge.chance;
  static const std::vector<OpKind> kinds{OpKind::kPut,   OpKind::kPut,    OpKind::kPatch,
                                         OpKind::kPatch, OpKind::kUnset,  OpKind::kDelete,
                                         OpKind::kAdd,   OpKind::kSetAdd, OpKind::kSetRemove};
  const std::string key = some_key(forge);
  const std::vector<std::string> names = support::some_names(chance, 6);
  const Bytes value = support::some_value(chance);
  Op op = op_of(chance.one_of(kinds), chance.one_of(collections()), key);
  switch (op.kind) {
    case OpKind::kPut:
    case OpKind::kPatch:
      for (const std::string& name : names) op.fields.push_back({name, value, false});
      break;
    case OpKind::kUnset: op.names.assign(names.begin(), names.end()); break;
    case OpKind::kAdd:
      op.field = "count";
      op.amount = chance.one_in(3) ? (chance.one_in(2) ? kSmallest : kGreatest)
                                   : static_cast<std::int64_t>(chance.natural());
      break;
    case OpKind::kSetAdd:
    case OpKind::kSetRemove:
      op.field = "set";
      op.element = value;
      break;
    default: break;
  }
  ops.add(op);
}

/// Every kind of op, in one log or two, with and without what the other had written.
void mixed(Forge& forge) {
  oplog::LogWriter& second = forge.open_log();
  for (std::size_t left = forge.many(300); left > 0; --left) {
    Ops ops;
    for (std::size_t each = forge.chance.below(8); each > 0; --each) add_some_op(forge, ops);
    oplog::LogWriter& log = forge.chance.one_in(2) ? second : forge.main();
    const std::size_t seen = forge.chance.one_in(3) ? forge.chance.below(4) : 0;
    forge.write(log, ops, seen > 0 ? forge.heads(seen, log) : Forge::Context());
  }
}

void add_patch(Ops& ops, std::string_view key, std::string_view field, ByteView value) {
  Op op = op_of(OpKind::kPatch, "notes", key);
  op.fields.push_back({field, value, false});
  ops.add(op);
}

/// One record, patched by thousands of changes.
void one_record(Forge& forge) {
  const std::string key = "one" + std::to_string(forge.chance.below(3));
  for (std::size_t left = forge.many(2000); left > 0; --left) {
    Ops ops;
    const Bytes value = integer_value(static_cast<std::int64_t>(forge.chance.natural()));
    add_patch(ops, key, "f" + std::to_string(forge.chance.below(300)), value);
    forge.write(forge.main(), ops);
  }
}

/// The same in live runs, each of which a store may have to merge by itself.
void live_patches(Forge& forge) {
  for (std::size_t left = forge.many(150); left > 0; --left) {
    Ops ops;
    const Bytes value = text_value(letters(forge.chance, forge.chance.below(400)));
    add_patch(ops, "live", "f" + std::to_string(left % 50), value);
    forge.say_live(forge.main(), ops);
  }
}

/// One record and field that many logs write without knowing of each other.
void conflicts(Forge& forge) {
  const std::string key = "disputed" + std::to_string(forge.chance.below(4));
  const std::size_t size = forge.chance.one_in(4) ? 8000 : 40;
  for (std::size_t left = forge.many(size > 1000 ? 60 : 200); left > 0; --left) {
    oplog::LogWriter& log = forge.open_log();
    Ops ops;
    add_patch(ops, key, "t", text_value(letters(forge.chance, size)));
    forge.write(log, ops);
  }
}

/// One record through two logs that have seen all of each other.
void two_logs(Forge& forge) {
  oplog::LogWriter* log = &forge.open_log();
  oplog::LogWriter* other = &forge.open_log();
  for (std::size_t left = forge.many(300); left > 0; --left) {
    Ops ops;
    add_patch(ops, "both", "f" + std::to_string(forge.chance.below(5)),
              text_value(letters(forge.chance, 30)));
    if (forge.chance.one_in(10)) ops.add(op_of(OpKind::kDelete, "notes", "both"));
    forge.write(*log, ops, {other->entry()});
    std::swap(log, other);
  }
}

/// Deletes that are undone, and that leave what they are told to leave.
void deletes(Forge& forge) {
  oplog::LogWriter& log = forge.main();
  for (std::size_t left = forge.many(300); left > 0; --left) {
    const std::string key = "deleted" + std::to_string(forge.chance.below(20));
    Ops put;
    add_patch(put, key, "t", text_value(letters(forge.chance, 100)));
    forge.write(log, put);
    Op op = op_of(OpKind::kDelete, "notes", key);
    if (forge.chance.one_in(3)) op.unseen = {{log.log(), log.entry().head.seq}};
    Ops gone;
    gone.add(op);
    forge.write(log, gone);
    if (forge.chance.one_in(2)) continue;
    Op back = op_of(OpKind::kPatch, "notes", key);
    const Bytes value = integer_value(1);
    back.fields.push_back({"again", value, false});
    back.revives = {{log.log(), log.entry().head.seq}};
    Ops undone;
    undone.add(back);
    forge.write(log, undone);
  }
}

/// Lists of what was not seen, as long as an op may be.
void long_lists(Forge& forge) {
  oplog::LogWriter& log = forge.main();
  const std::uint64_t last = log.entry().head.seq.value;
  for (std::size_t left = forge.many(4); left > 0; --left) {
    Op op = op_of(forge.chance.one_in(2) ? OpKind::kDelete : OpKind::kPatch, "notes",
                  "long" + std::to_string(forge.chance.below(3)));
    const Bytes value = integer_value(2);
    if (op.kind == OpKind::kPatch) op.fields.push_back({"f", value, false});
    for (std::uint64_t seq = 1; seq <= std::min<std::uint64_t>(last, 50'000); ++seq)
      op.unseen.push_back({log.log(), {seq}});
    Ops ops;
    ops.add(op);
    forge.write(log, ops);
  }
}

/// All records, or those of a collection, and again; with many records that nothing else is about.
void clears(Forge& forge) {
  oplog::LogWriter& log = forge.chance.one_in(2) ? forge.main() : forge.open_log();
  Ops many;
  for (std::size_t i = 0, end = 200 + forge.many(400); i < end; ++i)
    add_patch(many, "many" + std::to_string(i), "f", text_value(letters(forge.chance, 20)));
  forge.write(log, many);
  for (std::size_t left = forge.many(40); left > 0; --left) {
    Ops ops;
    for (int i = 0; i < 10; ++i)
      add_patch(ops, "cleared" + std::to_string(forge.chance.below(200)), "f",
                text_value(letters(forge.chance, 60)));
    forge.write(log, ops);
    Op op = op_of(OpKind::kClear, forge.chance.one_of(collections()), {});
    op.whole_space = forge.chance.one_in(4);
    if (op.whole_space) op.collection = {};
    Ops all;
    all.add(op);
    forge.write(log, all, forge.chance.one_in(3) ? forge.heads(20, log) : Forge::Context());
  }
}

/// A set with thousands of elements, and a counter beyond its ends, through several logs.
void sets(Forge& forge) {
  for (int round = 0; round < 3; ++round) {
    oplog::LogWriter& log = forge.open_log();
    Ops ops;
    for (std::size_t left = forge.many(600); left > 0; --left) {
      Op op = op_of(forge.chance.one_in(4) ? OpKind::kSetRemove : OpKind::kSetAdd, "notes", "set");
      op.field = "s";
      const Bytes element = integer_value(static_cast<std::int64_t>(forge.chance.below(3000)));
      op.element = element;
      ops.add(op);
      if (!forge.chance.one_in(10)) continue;
      Op add = op_of(OpKind::kAdd, "notes", "set");
      add.field = "n";
      add.amount = kGreatest;
      ops.add(add);
    }
    forge.write(log, ops);
  }
}

/// Stamps of any year, the first and the last among them.
void stamps(Forge& forge) {
  static const std::vector<std::uint64_t> odd{0, 1, std::numeric_limits<std::uint64_t>::max(),
                                              std::uint64_t{1} << 63, 0xFFFF};
  for (std::size_t left = forge.many(200); left > 0; --left) {
    Ops ops;
    add_patch(ops, "stamped" + std::to_string(left % 7), "t", integer_value(3));
    const std::uint64_t stamp =
        forge.chance.one_in(2) ? forge.chance.one_of(odd) : forge.chance.next();
    forge.write(forge.main(), ops.plain(), {},
                [&](oplog::Header& header) { header.timestamp = {stamp}; });
  }
}

}  // namespace

std::vector<Maker> makers_of_edits() {
  return {{"every kind of op", mixed},
          {"one record, many changes", one_record},
          {"live patches of one record", live_patches},
          {"versions of one record", conflicts},
          {"one record, two logs", two_logs},
          {"deletes and undeletes", deletes},
          {"lists of what was not seen", long_lists},
          {"clears", clears},
          {"sets and counters", sets},
          {"stamps of any year", stamps}};
}

}  // namespace lanyard::hostile
