#include "replication/merge/merge_patch.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::merge {
namespace {

using Kind = CanonicalReader::Kind;

/// A name of the result, and what each side has for it.
struct Member {
  std::string_view name;
  std::optional<ByteView> target;
  std::optional<ByteView> patch;
};

bool is_object(ByteView value) { return CanonicalReader(value).peek() == Kind::kMap; }
bool is_null(ByteView value) { return CanonicalReader(value).peek() == Kind::kNil; }

std::vector<Member> patch_members(ByteView object) {
  CanonicalReader in(object);
  std::vector<Member> out(in.map());
  for (Member& each : out) {
    each.name = in.text();
    each.target = in.value();
  }
  return out;
}

/// Both are sorted by name, and so is what comes of them: one walk over each.
std::vector<Member> joined(const std::vector<Member>& target, const std::vector<Member>& patch) {
  std::vector<Member> out;
  out.reserve(target.size() + patch.size());
  auto kept = target.begin();
  for (const Member& each : patch) {
    while (kept != target.end() && kept->name < each.name) out.push_back(*kept++);
    std::optional<ByteView> before;
    if (kept != target.end() && kept->name == each.name) before = (kept++)->target;
    if (!is_null(*each.target)) out.push_back({each.name, before, each.target});
  }
  out.insert(out.end(), kept, target.end());
  return out;
}

/// As deep as values may be nested.
void write_merged(std::optional<ByteView> target, ByteView patch, Bytes& out) {
  CanonicalWriter writer(out);
  if (!is_object(patch)) return writer.raw(patch);
  const bool is_merged = target && is_object(*target);
  const auto members =
      joined(is_merged ? patch_members(*target) : std::vector<Member>(), patch_members(patch));
  writer.map(members.size());
  for (const Member& each : members) {
    writer.text(each.name);
    if (each.patch) {
      write_merged(each.target, *each.patch, out);
    } else {
      writer.raw(*each.target);
    }
  }
}

}  // namespace

Bytes merge_patch(std::optional<ByteView> target, ByteView patch) {
  Bytes out;
  out.reserve(patch.size() + (target ? target->size() : 0));
  write_merged(target, patch, out);
  return out;
}

}  // namespace lanyard::merge
