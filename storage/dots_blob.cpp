#include "storage/dots_blob.hpp"

#include "storage/varint.hpp"

namespace lanyard::storage {
namespace {

enum Flag : std::uint8_t {
  kGeneral = 1,
  kIdLeftOut = 2,
  kHasConflicts = 4,
  kHasTrash = 8,
  kHidden = 16,
  kAllFlags = 31
};

bool is_simple(const Dots& dots) {
  return dots.is_shown && !dots.has_conflicts && !dots.has_trash && dots.entries.empty() &&
         dots.heads.size() == 1 && dots.heads[0].dot == dots.base.dot &&
         dots.heads[0].hidden_by.empty();
}

void write_stamped(Bytes& out, const Stamped& one) {
  write_dot(out, one.dot);
  write_stamp(out, one.timestamp);
}

Stamped read_stamped(BlobReader& in) {
  const merge::LocalDot dot = in.dot();
  return {dot, in.stamp()};
}

void write_entry(Bytes& out, const DotsEntry& entry) {
  write_varint(out, entry.member);
  out.push_back(static_cast<std::uint8_t>(entry.kind));
  if (entry.kind == merge::SlotKind::kValue) {
    write_varint(out, entry.values.size());
    for (const Stamped& value : entry.values) write_stamped(out, value);
  } else if (entry.kind == merge::SlotKind::kSet) {
    write_varint(out, entry.elements.size());
    for (const auto& adds : entry.elements) write_dots(out, adds);
  }
}

DotsEntry read_entry(BlobReader& in) {
  DotsEntry entry;
  entry.member = in.varint();
  entry.kind = static_cast<merge::SlotKind>(in.byte());
  if (entry.kind == merge::SlotKind::kValue) {
    entry.values.resize(in.count());
    for (Stamped& value : entry.values) value = read_stamped(in);
  } else if (entry.kind == merge::SlotKind::kSet) {
    entry.elements.resize(in.count());
    for (auto& adds : entry.elements) adds = in.dots();
  }
  return entry;
}

}  // namespace

void encode_simple(const Stamped& base, bool id_left_out, Bytes& out) {
  out.push_back(id_left_out ? kIdLeftOut : 0);
  write_stamped(out, base);
}

void encode(const Dots& dots, Bytes& out) {
  if (is_simple(dots)) return encode_simple(dots.base, dots.id_left_out, out);
  out.push_back(static_cast<std::uint8_t>(
      kGeneral | (dots.id_left_out ? kIdLeftOut : 0) | (dots.has_conflicts ? kHasConflicts : 0) |
      (dots.has_trash ? kHasTrash : 0) | (dots.is_shown ? 0 : kHidden)));
  write_varint(out, dots.heads.size());
  for (const merge::RecordHead& head : dots.heads) {
    write_dot(out, head.dot);
    write_dots(out, head.hidden_by);
  }
  if (!dots.is_shown) return;
  write_stamped(out, dots.base);
  write_varint(out, dots.entries.size());
  for (const DotsEntry& entry : dots.entries) write_entry(out, entry);
}

Result<Dots> decode_dots(ByteView blob) {
  BlobReader in(blob);
  const std::uint8_t flags = in.byte();
  if (flags > kAllFlags) return fail(Code::kCorrupt, "dots of a record");
  Dots dots;
  dots.is_shown = (flags & kHidden) == 0;
  dots.id_left_out = (flags & kIdLeftOut) != 0;
  dots.has_conflicts = (flags & kHasConflicts) != 0;
  dots.has_trash = (flags & kHasTrash) != 0;
  if ((flags & kGeneral) == 0) {
    dots.base = read_stamped(in);
    dots.heads.push_back({dots.base.dot, {}});
  } else {
    dots.heads.resize(in.count());
    for (merge::RecordHead& head : dots.heads) {
      head.dot = in.dot();
      head.hidden_by = in.dots();
    }
    if (dots.is_shown) {
      dots.base = read_stamped(in);
      dots.entries.resize(in.count());
      for (DotsEntry& entry : dots.entries) entry = read_entry(in);
    }
  }
  LANYARD_TRY(in.finish("dots of a record"));
  return dots;
}

}  // namespace lanyard::storage
