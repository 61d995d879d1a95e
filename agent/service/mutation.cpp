#include "agent/service/mutation.hpp"

#include "replication/types/canonical.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kNameBytesMax = 256;

void write_optional(const std::optional<std::string>& text, CanonicalWriter& out) {
  text ? out.binary(as_bytes(*text)) : out.nil();
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
  write_optional(op.if_version, out);
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
