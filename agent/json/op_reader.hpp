#pragma once

#include <string_view>
#include <vector>

#include "storage/space_reader.hpp"
#include "storage/store.hpp"

/// From the JSON that clients send to typed ops and queries. Pure.
namespace lanyard::agent {

/// A record or a patch: its members as canonical values. kUsage if it is no object.
[[nodiscard]] Result<NamedValues> fields_from_json(std::string_view json);

/// Appends what one op of a batch comes to: {"op","collection","key","value","basedOn"} with op one
/// of put, patch, delete, add, set-add, set-remove, restore. A patch is what RFC 7396 says: null
/// takes a member away, objects are merged; with "deep": false a field's object is replaced whole.
/// kUsage names what is wrong. What no address can name is deleted and restored, and not written.
[[nodiscard]] Status read_op(std::string_view json, std::vector<storage::LocalOp>& ops);

/// put, patch, delete and restore of one record, and the rest, as read_op() has them.
[[nodiscard]] Status add_ops(const std::string& op, const std::string& collection,
                             const std::string& key, std::optional<std::string_view> value,
                             const std::optional<std::string>& based_on,
                             std::vector<storage::LocalOp>& ops);

/// {"field": value} for equality, {"field": {"gt": value, ...}} with eq ne gt ge lt le in prefix.
/// kUsage and kTooLarge as Where::of().
[[nodiscard]] Result<storage::Where> read_where(std::string_view json);

/// The values of a JSON list, canonical.
[[nodiscard]] Result<std::vector<Bytes>> read_values(const std::vector<std::string_view>& elements);

/// "field", or "-field" for the highest first; "-" alone by key. One that people ask for.
void set_order(std::string_view text, storage::RecordQuery& query);

}  // namespace lanyard::agent
