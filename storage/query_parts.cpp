#include "storage/query_parts.hpp"

#include "replication/types/json_text.hpp"
#include "storage/json_scan.hpp"
#include "storage/record_key.hpp"

namespace lanyard::storage {
namespace {

/// Whose rows a part looks at.
enum class Rows : std::uint8_t {
  kAll,
  kTextKeys,  ///< whose id is their key, a text
  kUuidKeys,  ///< whose id is their key, a UUID
  kOwnIds,    ///< whose id is a member that differs from the key
};

std::string member_sql(const std::string& field) {
  return "lanyard_member(value," + sql_quoted(spelled(field), '\'') + ")";
}

/// The range of keys that are UUIDs and whose texts are in the range.
SqlRange uuid_keys(const SqlRange& texts) {
  SqlRange out;
  out.from({Bytes{}});
  const auto whole = [](const SqlValue& value) -> std::optional<Bytes> {
    const auto* const text = std::get_if<std::string>(&value);
    if (text == nullptr || !RecordKey(*text).is_uuid()) return std::nullopt;
    return std::get<Bytes>(key_value(*text));
  };
  if (const auto list = texts.list()) {
    std::vector<SqlValue> keys;
    for (const SqlValue& each : *list)
      if (auto key = whole(each)) keys.emplace_back(std::move(*key));
    out.only(std::move(keys));
    return out;
  }
  if (const auto& low = texts.low()) {
    const auto* const text = std::get_if<std::string>(&low->value);
    const auto least = text != nullptr ? least_uuid_from(*text) : std::optional<Bytes>(Bytes{});
    const bool is_bytes = std::holds_alternative<Bytes>(low->value);
    if (!least || is_bytes) out.only({});
    if (least) out.from({*least, low->is_open && whole(low->value).has_value()});
  }
  if (const auto& high = texts.high()) {
    const auto* const text = std::get_if<std::string>(&high->value);
    if (text == nullptr && !std::holds_alternative<Bytes>(high->value)) out.only({});
    const auto least = text != nullptr ? least_uuid_from(*text) : std::nullopt;
    if (least) out.to({*least, high->is_open || !whole(high->value)});
  }
  return out;
}

class Parts {
 public:
  Parts(const RecordQuery& query, const QueryGround& ground,
        const std::optional<PageCursor>& cursor)
      : query_(query),
        ground_(ground),
        cursor_(cursor),
        is_by_id_(query.order_field == "id"),
        has_key_order_(query.order_field.empty()) {
    for (const Condition& each : query.where.conditions())
      if (each.field == "id") ids_.both(SqlRange::of(each));
  }

  std::vector<QueryPart> make() {
    const bool narrows_ids = ids_.low() || ids_.high() || ids_.list();
    if (!ground_.has_own_ids || (!is_by_id_ && !narrows_ids)) {
      add(Rows::kAll);
    } else {
      add(Rows::kTextKeys);
      add(Rows::kUuidKeys);
      add(Rows::kOwnIds);
    }
    return std::move(parts_);
  }

 private:
  [[nodiscard]] bool is_down() const { return query_.descending; }

  /// The value by which the rows are sorted, as their statement computes it. Empty: the key is it.
  [[nodiscard]] std::string order_expression(Rows rows) const {
    if (has_key_order_) return {};
    if (!is_by_id_) {
      const auto indexed = ground_.indexed.find(query_.order_field);
      return indexed != ground_.indexed.end() ? indexed->second : member_sql(query_.order_field);
    }
    if (rows == Rows::kOwnIds) return "o.id";
    if (rows == Rows::kAll) return "coalesce(" + member_sql("id") + "," + key_sql("r.key") + ")";
    return {};
  }

  /// How far the ids of the cursor's page are behind, as a range of ids.
  void leave_ids_behind(SqlRange& ids) const {
    const auto* const text = std::get_if<std::string>(&cursor_->order);
    if (cursor_->cut && text != nullptr) {
      if (!is_down()) return ids.from({*text});
      if (auto behind = behind_all(*text)) ids.to({std::move(*behind), true});
      return;
    }
    // One whose key is that id comes behind another that has the same id, if its key does.
    bool is_open = true;
    if (text != nullptr) {
      const auto keys = compare_sql(key_value(*text), key_value(cursor_->key));
      is_open = is_down() ? keys >= 0 : keys <= 0;
    }
    is_down() ? ids.to({cursor_->order, is_open}) : ids.from({cursor_->order, is_open});
  }

  /// Keys of the rows, as far as the query says which. False: of these rows there are none.
  [[nodiscard]] bool narrow_keys(Rows rows, SqlText& sql) const {
    SqlRange keys;
    if (rows == Rows::kTextKeys || rows == Rows::kUuidKeys) {
      SqlRange ids = ids_;
      if (is_by_id_ && cursor_) leave_ids_behind(ids);
      keys = rows == Rows::kTextKeys ? ids : uuid_keys(ids);
      if (rows == Rows::kTextKeys) keys.both(SqlRange::texts());
    }
    if (has_key_order_ && cursor_) {
      SqlRange::Bound bound{key_value(cursor_->key), true};
      is_down() ? keys.to(std::move(bound)) : keys.from(std::move(bound));
    }
    if (keys.is_empty()) return false;
    keys.add_to(sql, "r.key");
    return true;
  }

  [[nodiscard]] SqlText select_rows(Rows rows) const {
    const std::string number = std::to_string(ground_.collection);
    SqlText sql;
    // Its number as text: only so does SQLite see that an index of this collection holds all.
    if (rows == Rows::kOwnIds) {
      sql.add(" FROM lanyard_own_ids o CROSS JOIN lanyard_records r ON r.collection=" + number +
              " AND r.key=o.key WHERE o.collection=" + number + " AND o.id IS " + member_sql("id"));
    } else {
      sql.add(" FROM lanyard_records r WHERE r.collection=" + number);
    }
    sql.add(" AND value IS NOT NULL");
    if (!query_.where.empty()) sql.add(" AND lanyard_meets(?,value,r.key)");
    if (rows == Rows::kTextKeys || rows == Rows::kUuidKeys)
      sql.add(" AND " + member_sql("id") + " IS NULL");
    return sql;
  }

  /// The values that the conditions on one field leave.
  [[nodiscard]] SqlRange range_of(const std::string& field) const {
    SqlRange out;
    for (const Condition& each : query_.where.conditions())
      if (each.field == field) out.both(SqlRange::of(each));
    return out;
  }

  void narrow_fields(SqlText& sql, const std::string& but) const {
    for (const auto& [field, expression] : ground_.indexed)
      if (field != but) range_of(field).add_to(sql, expression);
  }

  void add(Rows rows) {
    SqlText sql = select_rows(rows);
    if (!narrow_keys(rows, sql)) return;
    const std::string expression = order_expression(rows);
    if (rows == Rows::kOwnIds && !is_by_id_) ids_.add_to(sql, "o.id");
    narrow_fields(sql, expression.empty() ? std::string() : query_.order_field);
    if (expression.empty()) return finish(rows, {}, {}, std::move(sql));
    if (rows == Rows::kOwnIds && is_by_id_) return add_indexed(rows, expression, sql, ids_);
    if (ground_.indexed.contains(query_.order_field))
      return add_indexed(rows, expression, sql, range_of(query_.order_field));
    add_sorted(rows, expression, std::move(sql));
  }

  /// In the order of an expression that has an index: what has the cursor's value too, what comes
  /// behind it, and null, each in a statement of its own that begins where its rows do.
  void add_indexed(Rows rows, const std::string& expression, const SqlText& sql,
                   const SqlRange& values) {
    if (!cursor_) return add_range(rows, expression, sql, values);
    SqlRange same;
    SqlRange behind = values;
    SqlRange none;
    none.only({SqlValue()});
    if (cursor_->cut) {
      const std::string& text = std::get<std::string>(cursor_->order);
      is_down() ? behind.to({*behind_all(text), true}) : behind.from({text});
    } else {
      same.only({cursor_->order});
      same.both(values);
      is_down() ? behind.to({cursor_->order, true}) : behind.from({cursor_->order, true});
      SqlText with_key = sql;
      with_key.add(" AND " + key_column(rows) + (is_down() ? "<?" : ">?"), key_value(cursor_->key));
      add_range(rows, expression, with_key, same);
    }
    // Bounds alone do not hold null, and nothing is before it.
    const bool is_null = std::holds_alternative<std::monostate>(cursor_->order);
    if (is_down() && is_null) return;
    if (is_null) behind.from({SqlRange::first_number()});
    add_range(rows, expression, sql, behind);
    none.both(values);
    if (is_down() && !is_by_id_) add_range(rows, expression, sql, none);
  }

  void add_range(Rows rows, const std::string& expression, SqlText sql, const SqlRange& range) {
    if (range.is_empty()) return;
    range.add_to(sql, expression);
    finish(rows, expression, range.is_one_value() ? std::string() : expression, std::move(sql));
  }

  /// In an order for which all is read and sorted: once.
  void add_sorted(Rows rows, const std::string& expression, SqlText sql) {
    if (!cursor_) return finish(rows, expression, expression, std::move(sql));
    const std::string sign = is_down() ? "<?" : ">?";
    const SqlValue key = key_value(cursor_->key);
    if (std::holds_alternative<std::monostate>(cursor_->order)) {
      sql.add(" AND (" + expression + (is_down() ? " IS NULL AND " : " IS NOT NULL OR ") + "r.key");
      sql.add(sign + ")", key);
    } else if (cursor_->cut) {
      const std::string& text = std::get<std::string>(cursor_->order);
      sql.add(" AND (" + expression + (is_down() ? "<?" : ">=?"),
              is_down() ? *behind_all(text) : text);
      sql.add(is_down() ? " OR " + expression + " IS NULL)" : ")");
    } else {
      sql.add(" AND (" + expression + sign, cursor_->order);
      sql.add(" OR (" + expression + "=?", cursor_->order).add(" AND r.key" + sign + ")", key);
      sql.add(is_down() ? " OR " + expression + " IS NULL)" : ")");
    }
    finish(rows, expression, expression, std::move(sql));
  }

  [[nodiscard]] std::string key_column(Rows rows) const {
    return rows == Rows::kOwnIds && is_by_id_ ? "o.key" : "r.key";
  }

  /// `value`: by which the rows are in order; `sorted_by`: the same, where it is not one for all.
  void finish(Rows rows, const std::string& value, const std::string& sorted_by, SqlText sql) {
    const std::string direction = is_down() ? " DESC" : "";
    QueryPart part;
    part.rows = std::move(sql);
    part.order_by = key_column(rows) + direction;
    if (!sorted_by.empty()) part.order_by = sorted_by + direction + "," + part.order_by;
    part.order = !value.empty() ? value : is_by_id_ ? key_sql("r.key") : "NULL";
    parts_.push_back(std::move(part));
  }

  const RecordQuery& query_;
  const QueryGround& ground_;
  const std::optional<PageCursor>& cursor_;
  bool is_by_id_;
  bool has_key_order_;
  SqlRange ids_;  ///< that the conditions leave
  std::vector<QueryPart> parts_;
};

}  // namespace

std::vector<QueryPart> parts_of(const RecordQuery& query, const QueryGround& ground,
                                const std::optional<PageCursor>& cursor) {
  return Parts(query, ground, cursor).make();
}

SqlValue order_value(const RecordQuery& query, std::string_view json, std::string_view key) {
  if (query.order_field.empty()) return std::monostate{};
  SqlValue out;
  if (const auto found = find_member(json, spelled(query.order_field)))
    if (const auto value = from_json(*found, limits::kTextDepthMax)) out = sql_value_of(*value);
  if (query.order_field == "id" && std::holds_alternative<std::monostate>(out))
    return std::string(key);
  return out;
}

}  // namespace lanyard::storage
