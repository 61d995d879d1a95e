#include "agent/service/mutation.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kNameBytesMax = 256;

void write_optional(const std::optional<std::string>& text, CanonicalWriter& out) {
  text ? out.binary(as_bytes(*text)) : out.nil();
}

/// One version alone is written as it was before there were others: what a client sends again after
/// an upgrade is known.
void write_conditions(const std::vector<merge::Precondition>& conditions, CanonicalWriter& out) {
  if (conditions.empty()) return out.nil();
  const merge::Precondition& first = conditions.front();
  const bool is_one_version =
      conditions.size() == 1 && first.versions.size() == 1 && !first.is_any && !first.none_of;
  if (is_one_version) return out.binary(as_bytes(first.versions.front()));
  out.array(conditions.size());
  for (const merge::Precondition& each : conditions) {
    out.array(2 + each.versions.size());
    out.boolean(each.is_any);
    out.boolean(each.none_of);
    for (const std::string& version : each.versions) out.binary(as_bytes(version));
  }
}

/// All that an op says, in one way to say it. Texts go as bytes: nobody has checked them yet.
void write_op(const storage::LocalOp& op, CanonicalWriter& out) {
  out.array(13);
  out.natural(static_cast<std::uint64_t>(op.kind));
  out.boolean(op.whole_space);
  out.boolean(op.deep);
  out.boolean(op.restore);
  out.binary(as_bytes(op.collection));
  out.binary(as_bytes(op.key));
  out.array(op.fields.size() * 2);
  for (const auto& [name, value] : op.fields) {
    out.binary(as_bytes(name));
    out.binary(value);
  }
  out.array(op.names.size());
  for (const std::string& name : op.names) out.binary(as_bytes(name));
  out.binary(as_bytes(op.field));
  out.integer(op.amount);
  out.binary(op.element);
  write_optional(op.based_on, out);
  write_conditions(op.conditions, out);
}

template <class Short>
Short shortened(const Hash& hash) {
  return *Short::from(hash.view().first(Short::kSize));
}

}  // namespace

Result<merge::Mutation> mutation_of(std::string_view who, std::string_view name,
                                    const std::vector<storage::LocalOp>& ops,
                                    const Hasher& hasher) {
  if (name.empty() || name.size() > kNameBytesMax)
    return fail(Code::kUsage, "a mutationId has 1 to 256 bytes");
  Bytes id;
  CanonicalWriter named(id);
  named.array(2);
  named.binary(as_bytes(who));
  named.binary(as_bytes(name));
  Bytes content;
  CanonicalWriter said(content);
  said.array(ops.size());
  for (const storage::LocalOp& op : ops) write_op(op, said);
  return merge::Mutation{shortened<merge::MutationId>(hasher.hash({id})),
                         shortened<merge::MutationContent>(hasher.hash({content}))};
}

}  // namespace lanyard::agent
