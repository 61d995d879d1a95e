// What is no edit of a record: names of spaces, collections, ops of newer versions, presence,
// spaces of one's own.
#include "tests/integration/hostile_changes/forge.hpp"

namespace lanyard::hostile {
namespace {

using oplog::Op;
using oplog::OpKind;

/// Collections without end, each with a view for people who ask in SQL; and fields without end.
void collections_and_fields(Forge& forge) {
  Ops ops;
  const Bytes value = integer_value(5);
  for (std::size_t left = forge.many(150); left > 0; --left) {
    const std::string collection = "c" + std::to_string(forge.chance.below(100'000));
    Op op = op_of(OpKind::kPatch, collection, "k");
    const std::string field = "f" + std::to_string(forge.chance.below(1000));
    op.fields.push_back({field, value, false});
    ops.add(op);
  }
  forge.write(forge.main(), ops);
  Ops wide;
  for (int i = 0; i < 5; ++i) {
    Op op = op_of(OpKind::kPatch, "wide", "k" + std::to_string(i));
    std::vector<std::string> names;
    const std::size_t from = forge.chance.below(1'000'000);
    for (std::size_t k = 0; k < 200; ++k)
      names.push_back("w" + std::to_string(1'000'000 + from + k));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) op.fields.push_back({name, value, false});
    wide.add(op);
  }
  forge.write(forge.main(), wide);
}

/// The name that the space has, and what else stands where Lanyard keeps its own.
void settings(Forge& forge) {
  for (std::size_t left = forge.many(60); left > 0; --left) {
    Ops ops;
    const std::string key = forge.chance.one_in(3) ? support::some_text(forge.chance, 12) : "info";
    Op op = op_of(forge.chance.one_in(4) ? OpKind::kPut : OpKind::kPatch, "lanyard_space", key);
    const Bytes value = forge.chance.one_in(2) ? text_value(support::some_text(forge.chance, 300))
                                               : support::some_value(forge.chance);
    op.fields.push_back({"name", value, false});
    ops.add(op);
    forge.write(forge.main(), ops);
  }
}

/// Ops and encodings that only a newer version knows: held, passed on, without effect.
void newer_versions(Forge& forge) {
  for (std::size_t left = forge.many(60); left > 0; --left) {
    static const std::vector<std::uint64_t> kinds{10, 16, 17, 24, 25, 26, 1000};
    Bytes op;
    CanonicalWriter writer(op);
    writer.array(2);
    writer.natural(forge.chance.one_of(kinds));
    writer.binary(forge.chance.bytes(forge.chance.below(4000)));
    Ops ops;
    ops.add_raw(op);
    forge.write(forge.main(), ops.plain(static_cast<std::uint8_t>(forge.chance.below(4))));
  }
}

/// Numbers and texts that are hard to write down.
void odd_values(Forge& forge) {
  for (std::size_t left = forge.many(100); left > 0; --left) {
    Ops ops;
    Op op = op_of(OpKind::kPut, "odd", "o" + std::to_string(forge.chance.below(30)));
    Bytes number;
    CanonicalWriter(number).real(support::some_real(forge.chance));
    const Bytes text = text_value(support::some_text(forge.chance, 200));
    const Bytes zeros = text_value(std::string(forge.chance.below(500), '\0'));
    op.fields = {{"number", number, false}, {"text", text, false}, {"zeros", zeros, false}};
    ops.add(op);
    forge.write(forge.main(), ops);
  }
}

/// Packs of as many changes as one holds, of the fewest bytes.
void tiny_changes(Forge& forge) {
  for (std::size_t left = forge.many(limits::kPackChangesMax); left > 0; --left)
    forge.write(forge.main(), Ops());
}

void presence(Forge& forge) {
  for (std::size_t left = forge.many(100); left > 0; --left) {
    const std::string app = letters(forge.chance, forge.chance.below(limits::kNameBytesMax + 1));
    const std::size_t size =
        forge.chance.one_in(10) ? limits::kPresenceBytesMax - 5 : forge.chance.below(500);
    Bytes value = text_value(letters(forge.chance, size));
    const std::size_t bytes = app.size() + value.size();
    forge.say(wire::Presence{forge.space(), app, std::move(value)}, bytes);
  }
}

}  // namespace

std::vector<Maker> makers_beside_changes() {
  return {{"collections and fields", collections_and_fields},
          {"names of the space", settings},
          {"newer versions", newer_versions},
          {"odd values", odd_values},
          {"tiny changes", tiny_changes},
          {"presence", presence}};
}

}  // namespace lanyard::hostile
